"""Secrets that are given away once and kept only as a hash."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from typing import Protocol

from app.models import Visit


class TokenSource(Protocol):
    """Makes the token of a visit's n-th link."""

    def token(self, patient_code: str, visit: Visit, ordinal: int) -> str:
        """43 characters, safe in an address, impossible to guess."""
        ...


class RandomTokens:
    """256 bits of chance: what every real study uses."""

    def token(self, patient_code: str, visit: Visit, ordinal: int) -> str:  # noqa: ARG002 - by chance alone
        """A token that nobody can compute again."""
        return new_secret()


class DemonstrationTokens:
    """Computed from the secret key, so that a demonstration's links can be printed again."""

    def __init__(self, secret_key: str) -> None:
        self._key = secret_key.encode()

    def token(self, patient_code: str, visit: Visit, ordinal: int) -> str:
        """The same token for the same link, unknown without the key."""
        return self.derive("link", str(visit.study_id), patient_code, visit.code, str(ordinal))

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
