"""Seals short texts with AES-256-GCM, so that they open only with the key, and only in their own place.

A sealed text is one byte with the key's number, twelve of chance, and what the cipher gives.
"""

import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Keys = Sequence[tuple[int, bytes]]
NONCE_BYTES, TAG_BYTES = 12, 16
HEAD_BYTES = 1 + NONCE_BYTES


class NoKeyError(RuntimeError):
    """There is no key to seal with: contact details can be neither kept nor read."""

    def __init__(self) -> None:
        super().__init__("contact details cannot be kept or read until CONTACT_KEYS is set")


class SealedTextError(RuntimeError):
    """A sealed text does not open: another key's, another place's, or altered; never its content."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place} cannot be opened: {problem}")
        self.place, self.problem = place, problem


def seal(keys: Keys, text: str, place: str) -> bytes:
    """The text sealed with the first key for a place, such as "contact.phone.17"; NoKeyError without keys."""
    if not keys:
        raise NoKeyError
    number, key = keys[0]
    head = bytes([number]) + os.urandom(NONCE_BYTES)
    return head + AESGCM(key).encrypt(head[1:], text.encode(), _bound(number, place))


def unseal(keys: Keys, sealed: bytes, place: str) -> str:
    """The text that was sealed for this place.

    Raises NoKeyError without keys; SealedTextError when its key is not among them, when it was sealed for
    another place, or altered.
    """
    if not keys:
        raise NoKeyError
    if len(sealed) < HEAD_BYTES + TAG_BYTES:
        raise SealedTextError(place, "it is too short")
    number = sealed_with(sealed)
    key = dict(keys).get(number)
    if key is None:
        raise SealedTextError(place, f"key {number} is not in CONTACT_KEYS")
    try:
        text = AESGCM(key).decrypt(sealed[1:HEAD_BYTES], sealed[HEAD_BYTES:], _bound(number, place))
    except InvalidTag:
        raise SealedTextError(
            place, "it was altered, moved, or sealed with another key of that number"
        ) from None
    return text.decode()


def sealed_with(sealed: bytes) -> int:
    """The number of the key that sealed the text."""
    return sealed[0]


def _bound(number: int, place: str) -> bytes:
    return bytes([number]) + place.encode()
