"""Secrets that must be read again: sealed, so that the database alone does not give them away.

What only has to be recognised is hashed instead (`tokens`). Keys come from `SECRET_KEY`, one for
each purpose.
"""

from __future__ import annotations

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE = 12


def seal(text: str, secret_key: str, purpose: str, whose: int) -> bytes:
    """Encrypt and sign a text with AES-256-GCM; it opens for this purpose and owner alone."""
    nonce = os.urandom(NONCE)
    sealed = AESGCM(_key(secret_key, purpose)).encrypt(nonce, text.encode(), _bound(purpose, whose))
    return nonce + sealed


def unseal(sealed: bytes, secret_key: str, purpose: str, whose: int) -> str | None:
    """Return the text; None where it was sealed with another key, or for somebody else."""
    try:
        text = AESGCM(_key(secret_key, purpose)).decrypt(
            sealed[:NONCE], sealed[NONCE:], _bound(purpose, whose)
        )
    except InvalidTag:
        return None
    return text.decode()


def fingerprint(text: str, secret_key: str, purpose: str, whose: int) -> bytes:
    """Return what recognises a text, and can't be tried out without the key."""
    told = _bound(purpose, whose) + b"\0" + text.encode()
    return hmac.new(_key(secret_key, f"{purpose} fingerprint"), told, hashlib.sha256).digest()


def _key(secret_key: str, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(secret_key.encode())


def _bound(purpose: str, whose: int) -> bytes:
    return f"{purpose}:{whose}".encode()
