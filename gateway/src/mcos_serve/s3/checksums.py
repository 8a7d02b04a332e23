"""The checksums that clients of S3 send with content, computed as it comes."""

import hashlib
import zlib
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Protocol

import anycrc

from mcos_serve.s3.errors import S3Error, not_implemented

PREFIX = "x-amz-checksum-"


class Running(Protocol):
    """A digest that grows with its content."""

    def update(self, content: bytes | memoryview, /) -> object: ...

    def digest(self) -> bytes: ...


class _Crc:
    def __init__(self, calculate: Callable[[bytes | memoryview, int], int], size: int) -> None:
        self._calculate = calculate
        self._size = size
        self._value = 0

    def update(self, content: bytes | memoryview, /) -> None:
        self._value = self._calculate(content, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._size, "big")


@lru_cache
def _model(name: str) -> "anycrc.Model":
    return anycrc.Model(name)


def _crc32() -> Running:
    return _Crc(zlib.crc32, 4)


def _crc32c() -> Running:
    return _Crc(_model("CRC32-ISCSI").calc, 4)


def _crc64nvme() -> Running:
    return _Crc(_model("CRC64-NVME").calc, 8)


def _sha1() -> Running:
    return hashlib.sha1(usedforsecurity=False)


def _md5() -> Running:
    return hashlib.md5(usedforsecurity=False)


ALGORITHMS: Mapping[str, Callable[[], Running]] = {
    "crc32": _crc32,
    "crc32c": _crc32c,
    "crc64nvme": _crc64nvme,
    "sha1": _sha1,
    "sha256": hashlib.sha256,
}
"""What makes a digest, by the name that stands behind ``x-amz-checksum-``."""

SIZES: Mapping[str, int] = {"crc32": 4, "crc32c": 4, "crc64nvme": 8, "sha1": 20, "sha256": 32}
"""Bytes of each."""

NO_ALGORITHMS = ("mode", "algorithm", "type")
"""Headers that begin as one of a checksum and are none."""


def check_name(name: str) -> str:
    """Return the algorithm of a header's name, in lower case.

    Raises
    ------
    S3Error
        Nobody here computes it.
    """
    algorithm = name.removeprefix(PREFIX)
    if algorithm not in ALGORITHMS:
        raise not_implemented(f"The checksum {algorithm}")
    return algorithm


def check_value(algorithm: str, value: str) -> bytes:
    """Return the digest that a header has.

    Raises
    ------
    S3Error
        It is none.
    """
    try:
        digest = b64decode(value, validate=True)
    except (Base64Error, ValueError):
        digest = b""
    if len(digest) != SIZES[algorithm]:
        raise S3Error("InvalidRequest", f"Value for {PREFIX}{algorithm} header is invalid.")
    return digest


def check_md5(value: str) -> bytes:
    """Return the digest that ``Content-MD5`` has.

    Raises
    ------
    S3Error
        It is none.
    """
    try:
        digest = b64decode(value, validate=True)
    except (Base64Error, ValueError):
        digest = b""
    if len(digest) != 16:
        raise S3Error("InvalidDigest", "The Content-MD5 must be the base64 of 16 bytes.")
    return digest


class Digests:
    """Several digests of one content: MD5 and SHA-256 always, others as they are asked for."""

    def __init__(self, more: tuple[str, ...] = ()) -> None:
        self.size = 0
        self._running = {"md5": _md5(), "sha256": hashlib.sha256()}
        self._running |= {name: ALGORITHMS[name]() for name in more if name not in self._running}

    def update(self, content: bytes | memoryview) -> None:
        """Add content behind that which was added before."""
        self.size += len(content)
        for one in self._running.values():
            one.update(content)

    def digest(self, name: str) -> bytes:
        """Return a digest of all that was added."""
        return self._running[name].digest()

    def text(self, name: str) -> str:
        """Return a digest in base64."""
        return b64encode(self.digest(name)).decode("ascii")
