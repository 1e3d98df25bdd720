"""Secrets that are given away once and kept only as a hash."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from typing import Protocol

from app.models import Visit

CODES = 10**6


class TokenSource(Protocol):
    """Makes the token of a link, and the code that is printed beside it."""

    def token(self, patient_code: str, visit: Visit, ordinal: int) -> str:
        """43 characters, safe in an address, impossible to guess."""
        ...

    def personal_token(self, study_id: int, patient_code: str, ordinal: int) -> str:
        """The same for the n-th personal link of a patient."""
        ...

    def code(self, token: str) -> str:
        """The six digits that are printed beside a link."""
        ...


class RandomTokens:
    """256 bits of chance: what every real study uses."""

    def token(self, patient_code: str, visit: Visit, ordinal: int) -> str:  # noqa: ARG002 - by chance alone
        """A token that nobody can compute again."""
        return new_secret()

    def personal_token(self, study_id: int, patient_code: str, ordinal: int) -> str:  # noqa: ARG002 - as above
        """As token."""
        return new_secret()

    def code(self, token: str) -> str:  # noqa: ARG002 - as above
        """Six digits that nobody can compute again."""
        return f"{secrets.randbelow(CODES):06}"


class DemonstrationTokens:
    """Computed from the secret key, so that a demonstration's links can be printed again."""

    def __init__(self, secret_key: str) -> None:
        self._key = secret_key.encode()

    def token(self, patient_code: str, visit: Visit, ordinal: int) -> str:
        """The same token for the same link, unknown without the key."""
        return self.derive("link", str(visit.study_id), patient_code, visit.code, str(ordinal))

    def personal_token(self, study_id: int, patient_code: str, ordinal: int) -> str:
        """As token, for a personal link."""
        return self.derive("personal link", str(study_id), patient_code, str(ordinal))

    def code(self, token: str) -> str:
        """The same digits for the same link, unknown without the key."""
        digest = hashlib.sha256(self.derive("code", token).encode()).digest()
        return f"{int.from_bytes(digest[:8]) % CODES:06}"

    def derive(self, *parts: str) -> str:
        """43 characters computed from the key and these words."""
        digest = hmac.new(self._key, "|".join(("ressenti-demo", *parts)).encode(), hashlib.sha256).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()


def new_secret() -> str:
    """256 random bits as 43 characters that are safe in an address or a cookie."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """SHA-256 in hexadecimal: enough for a secret that is all chance."""
    return hashlib.sha256(secret.encode()).hexdigest()


def hash_code(token: str, code: str) -> str:
    """SHA-256, in hexadecimal, of a link's token and its code together.

    Of a million codes alone each could be tried on a stolen database; the token is not in it.
    """
    return hash_secret(f"{token}:{code}")
