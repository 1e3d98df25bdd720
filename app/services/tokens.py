"""Secrets that are given away once and kept only as a hash."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from typing import Protocol

from app.models import Visit
from app.services.sealing import Keys
from app.settings import Settings

CODES = 10**6


class TokenSource(Protocol):
    """Makes the token of a link; keys: what the codes of printed cards are sealed with."""

    keys: Keys

    def token(self, patient_code: str, visit: Visit, ordinal: int) -> str:
        """43 characters, safe in an address, impossible to guess."""
        ...

    def personal_token(self, study_id: int, patient_code: str, ordinal: int) -> str:
        """The same for the n-th personal link of a patient."""
        ...


class RandomTokens:
    """256 bits of chance: what every real study uses."""

    def __init__(self, keys: Keys = ()) -> None:
        self.keys = keys

    def token(self, patient_code: str, visit: Visit, ordinal: int) -> str:  # noqa: ARG002 - by chance alone
        """A token that nobody can compute again."""
        return new_secret()

    def personal_token(self, study_id: int, patient_code: str, ordinal: int) -> str:  # noqa: ARG002 - as above
        """As token."""
        return new_secret()


class DemonstrationTokens:
    """Computed from the secret key, so that a demonstration's links can be printed again."""

    def __init__(self, secret_key: str, keys: Keys = ()) -> None:
        self._key, self.keys = secret_key.encode(), keys

    def token(self, patient_code: str, visit: Visit, ordinal: int) -> str:
        """The same token for the same link, unknown without the key."""
        return self.derive("link", str(visit.study_id), patient_code, visit.code, str(ordinal))

    def personal_token(self, study_id: int, patient_code: str, ordinal: int) -> str:
        """As token, for a personal link."""
        return self.derive("personal link", str(study_id), patient_code, str(ordinal))

    def derive(self, *parts: str) -> str:
        """43 characters computed from the key and these words."""
        digest = hmac.new(self._key, "|".join(("ressenti-demo", *parts)).encode(), hashlib.sha256).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()


def make_tokens(settings: Settings) -> TokenSource:
    """By chance, but in a demonstration, whose links can be printed again."""
    if settings.is_demonstration:
        return DemonstrationTokens(settings.secret_key, settings.contact_keys)
    return RandomTokens(settings.contact_keys)


def new_secret() -> str:
    """256 random bits as 43 characters that are safe in an address or a cookie."""
    return secrets.token_urlsafe(32)


def new_code() -> str:
    """Six digits by chance, as they are printed on a patient's card."""
    return f"{secrets.randbelow(CODES):06}"


def hash_secret(secret: str) -> str:
    """SHA-256 in hexadecimal: enough for a secret that is all chance."""
    return hashlib.sha256(secret.encode()).hexdigest()


def hash_code(token: str, code: str) -> str:
    """SHA-256, in hexadecimal, of a link's token and its code together.

    Of a million codes alone each could be tried on a stolen database; the token is not in it.
    """
    return hash_secret(f"{token}:{code}")
