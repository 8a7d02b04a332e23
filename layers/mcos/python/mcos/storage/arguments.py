"""Checks of arguments that are the same for every backend, made before any network call."""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from mcos.storage.contract import (
    IDENTITY_CHARACTERS,
    LIST_LIMIT,
    PARTS_LIMIT,
    SIGNED_URL_SECONDS,
    Part,
    check_key,
)

_MD5 = re.compile(r"[0-9a-f]{32}")
_IDENTITY = re.compile(r"[A-Za-z0-9._-]*")
_IDENTITY_ENTRY = "mcos-id-"
_PRINTABLE_ASCII = re.compile(r"[\x20-\x7e]+")


def check_put(
    key: str, *, size: int, md5: str, sha256: str, content_type: str, identity: str
) -> None:
    """Check arguments of a backend's call.

    Raises
    ------
    ValueError
    """
    check_key(key)
    if size < 0:
        raise ValueError(f"size must be 0 or more; it is {size}")
    _check_md5("md5", md5)
    try:
        length = len(b64decode(sha256, validate=True))
    except (Base64Error, ValueError):
        length = 0
    if length != 32:
        raise ValueError("sha256 must be the base64 of 32 bytes")
    _check_content_type(content_type)
    _check_identity(identity)


def check_parts_of(key: str, *, content_type: str, parts_md5: str, identity: str) -> None:
    """Check arguments of a backend's call.

    Raises
    ------
    ValueError
    """
    check_key(key)
    _check_md5("parts_md5", parts_md5)
    _check_content_type(content_type)
    _check_identity(identity)


def check_part(key: str, *, number: int, size: int) -> None:
    """Check arguments of a backend's call.

    Raises
    ------
    ValueError
    """
    check_key(key)
    if not 1 <= number <= PARTS_LIMIT:
        raise ValueError(f"number must be between 1 and {PARTS_LIMIT}; it is {number}")
    if size < 1:
        raise ValueError(f"size must be 1 or more; it is {size}")


def check_complete_parts(
    key: str, parts: Sequence[Part], *, content_type: str, parts_md5: str, identity: str
) -> None:
    """Check arguments of a backend's call.

    Raises
    ------
    ValueError
    """
    check_parts_of(key, content_type=content_type, parts_md5=parts_md5, identity=identity)
    numbers = [part.number for part in parts]
    if not numbers or numbers != sorted(set(numbers)):
        raise ValueError("parts must not be empty and must be in the order of their numbers")


def _check_md5(name: str, md5: str) -> None:
    if not _MD5.fullmatch(md5):
        raise ValueError(f"{name} must be 32 lower-case hexadecimal digits")


def _check_content_type(content_type: str) -> None:
    # This also prevents header injection.
    if not _PRINTABLE_ASCII.fullmatch(content_type):
        raise ValueError("content_type must be printable ASCII")


def _check_identity(identity: str) -> None:
    if not _IDENTITY.fullmatch(identity) or len(identity) > IDENTITY_CHARACTERS:
        raise ValueError(
            f"identity must have at most {IDENTITY_CHARACTERS} characters of A-Z a-z 0-9 . _ -"
        )


def identity_entries(identity: str, characters: int) -> dict[str, str]:
    """Return the entries of metadata that keep an identity, cut to a service's longest value.

    >>> identity_entries("abcde", 2)
    {'mcos-id-0': 'ab', 'mcos-id-1': 'cd', 'mcos-id-2': 'e'}
    """
    cuts = range(0, len(identity), characters)
    return {
        f"{_IDENTITY_ENTRY}{number}": identity[first : first + characters]
        for number, first in enumerate(cuts)
    }


def identity_of(metadata: Mapping[str, str], prefix: str = "") -> str | None:
    """Return the identity in metadata whose names begin with ``prefix``; None if it has none."""
    pieces: list[str] = []
    while (piece := metadata.get(f"{prefix}{_IDENTITY_ENTRY}{len(pieces)}")) is not None:
        pieces.append(piece)
    return "".join(pieces) or None


def range_header(first: int | None, last: int | None) -> str | None:
    """Return the value of a ``Range`` header; None: the whole.

    Raises
    ------
    ValueError
        ``first`` is negative, or ``last`` is before it.
    """
    if first is None and last is None:
        return None
    begin = first or 0
    if begin < 0 or (last is not None and last < begin):
        raise ValueError(f"a range must be 0 <= first <= last; it is {first} to {last}")
    return f"bytes={begin}-{'' if last is None else last}"


def parse_content_range(value: str) -> tuple[int, int]:
    """Return the first byte and the whole size of ``bytes 0-9/10``; (-1, -1) if malformed."""
    begin, _, rest = value.removeprefix("bytes ").partition("-")
    size = rest.partition("/")[2]
    return (int(begin), int(size)) if begin.isdigit() and size.isdigit() else (-1, -1)


def check_signed_url(key: str, expires_in: int, content_type: str | None) -> None:
    """Check arguments of a backend's call.

    Raises
    ------
    ValueError
    """
    check_key(key)
    if not 1 <= expires_in <= SIGNED_URL_SECONDS:
        raise ValueError(
            f"expires_in must be between 1 and {SIGNED_URL_SECONDS} seconds; it is {expires_in}"
        )
    if content_type is not None:
        _check_content_type(content_type)


def check_list(prefix: str, marker: str, limit: int) -> None:
    """Check arguments of a backend's call.

    Raises
    ------
    ValueError
    """
    for name, value in (("prefix", prefix), ("marker", marker)):
        if value and not _PRINTABLE_ASCII.fullmatch(value):
            raise ValueError(f"{name} must be printable ASCII")
    if not 1 <= limit <= LIST_LIMIT:
        raise ValueError(f"limit must be between 1 and {LIST_LIMIT}; it is {limit}")


def content_disposition(filename: str | None) -> str:
    """Return a ``Content-Disposition`` (RFC 6266) for any file name; None: ``inline``."""
    if filename is None:
        return "inline"
    # Characters that the plain form cannot hold become "_"; clients prefer the second, exact form.
    plain = "".join(c if " " <= c <= "~" and c not in '"\\%' else "_" for c in filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
