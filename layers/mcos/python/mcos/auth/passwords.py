"""Passwords, kept as scrypt hashes.

Cost from the OWASP Password Storage Cheat Sheet: N=2^15, r=8, p=3 (32 MiB, three times).
"""

import hashlib
import hmac
import os
from base64 import b64decode, b64encode

from mcos import limits

_R, _P = 8, 3
_LENGTH = 32
_MEMORY = 64 * 1024 * 1024


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=salt,
        n=limits.PASSWORD_WORK,
        r=_R,
        p=_P,
        maxmem=_MEMORY,
        dklen=_LENGTH,
    )


def hash_password(password: str) -> str:
    """Hash a password with a new salt: ``scrypt$<salt>$<hash>``, both base64."""
    salt = os.urandom(16)
    hashed = _scrypt(password, salt)
    return f"scrypt${b64encode(salt).decode()}${b64encode(hashed).decode()}"


def is_correct(password: str, stored: str | None) -> bool:
    """Whether ``password`` has the hash ``stored``.

    Without a hash the same work is done, so that the time taken does not reveal whether an account
    exists.
    """
    _, salt, hashed = stored.split("$") if stored else ("", "", "")
    actual = _scrypt(password, b64decode(salt) if stored else bytes(16))
    expected = b64decode(hashed) if stored else bytes(_LENGTH)
    return hmac.compare_digest(actual, expected) and stored is not None
