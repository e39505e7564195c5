"""Sealing of credentials and uploaded files with a key that lives outside the database (AES-256-GCM)."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
KEY_BYTES = 32


class CannotOpen(Exception):
    """The sealed bytes were not made with this key for this purpose, or were changed."""


class Cipher:
    """Seals and opens; `purpose` is bound to the result, so a sealed key cannot be passed off as a sealed file."""

    def __init__(self, key: bytes) -> None:
        """With a key of 32 bytes; refuses any other, for a shorter one would be a weaker cipher."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"the key must have {KEY_BYTES} bytes")
        self._aead = AESGCM(key)

    def seal(self, plain: bytes, *, purpose: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plain, purpose.encode())

    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        """The plain bytes. Raises CannotOpen."""
        try:
            return self._aead.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], purpose.encode())
        except (InvalidTag, ValueError) as error:
            raise CannotOpen(purpose) from error
