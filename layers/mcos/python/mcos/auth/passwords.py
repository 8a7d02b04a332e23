"""Passwords, kept as scrypt hashes.

Cost from the OWASP Password Storage Cheat Sheet: N=2^15, r=8, p=3 (32 MiB, three times).
"""

import hashlib
import hmac
import os
from base64 import b64decode, b64encode

from mcos import limits
from mcos.errors import InvalidBody

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


_COMMON = frozenset(
    {
        "0123456789",
        "1234567890",
        "12345678910",
        "123456789a",
        "1q2w3e4r5t",
        "1qaz2wsx3edc",
        "abcdefghij",
        "abcdefghijk",
        "administrator",
        "changeme123",
        "correcthorsebatterystaple",
        "iloveyou12",
        "letmein123",
        "password12",
        "password123",
        "password1234",
        "passwordpassword",
        "qwerty1234",
        "qwerty12345",
        "qwerty123456",
        "qwertyuiop",
        "qwertzuiop",
        "welcome123",
    }
)


def check_strength(password: str, user_name: str) -> None:
    """Refuse a new password that is guessed early; what is stored stays as it is.

    Length counts, not kinds of characters: those make passwords that are written down.

    Raises
    ------
    InvalidBody
    """
    least, most = limits.PASSWORD_CHARACTERS_MIN, limits.PASSWORD_CHARACTERS
    if not least <= len(password) <= most:
        raise InvalidBody(f"password must have {least} to {most} characters.")
    if len(set(password)) < limits.PASSWORD_DISTINCT_MIN:
        raise InvalidBody(
            f"password must have {limits.PASSWORD_DISTINCT_MIN} different characters at least."
        )
    plain = password.casefold()
    if plain in _COMMON:
        raise InvalidBody("password must not be one of those that are tried first.")
    if user_name.casefold() in (plain, plain[::-1]) or plain == user_name.casefold() * 2:
        raise InvalidBody("password must not be the name of the user.")
