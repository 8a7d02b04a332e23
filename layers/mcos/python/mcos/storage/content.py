"""Content on its way to a backend: counted, digested, and held back if it is wrong."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from typing import BinaryIO, cast

from mcos.storage.contract import (
    ByteStream,
    Part,
    ReplicaConflict,
    ReplicaDigestMismatch,
    ReplicaStat,
)

IN_MEMORY_BYTES = 1024 * 1024
"""Largest content that is read into memory: it is verified before it is sent, and can be sent
again whatever its source."""


def prepare_content(
    content: ByteStream, *, size: int, md5: str, sha256: str, name: str
) -> "bytes | VerifiedContent":
    """Prepare content for sending: small content as bytes, larger content as a stream.

    The parameters are those of ``VerifiedContent``.

    Raises
    ------
    ReplicaDigestMismatch
        The content is small and has another size or digest.
    """
    stream = VerifiedContent(content, size=size, md5=md5, sha256=sha256, name=name)
    return stream if size > IN_MEMORY_BYTES else stream.read_all()


class MeasuredContent:
    """A stream that returns its last piece only if the content has the announced size.

    Every service discards a request whose body ends early, so wrong bytes are never stored and
    need not be removed.

    Parameters
    ----------
    content
        Read from its current position.
    size
        Bytes.
    name
        Its name in messages.

    Attributes
    ----------
    failure
        Why reading ended early: the mismatch, or the exception of ``content``. HTTP clients wrap
        or swallow exceptions of a body, so check this first after a failed request.
    """

    def __init__(self, content: ByteStream, *, size: int, name: str) -> None:
        self.failure: Exception | None = None
        self._size, self._name = size, name
        self._content = content
        self._begin()

    def _begin(self) -> None:
        self._position = 0
        self._md5_so_far = hashlib.md5(usedforsecurity=False)

    def __len__(self) -> int:
        return self._size

    @property
    def md5(self) -> str:
        """Hexadecimal MD5 of the bytes read so far."""
        return self._md5_so_far.hexdigest()

    @property
    def is_rewindable(self) -> bool:
        """Whether it can be sent again."""
        return False

    def rewind(self) -> None:
        """Go back to the first byte; only if ``is_rewindable``."""
        raise ValueError("only content that can seek can be rewound")

    def read(self, size: int | None = -1) -> bytes:
        """Return up to ``size`` bytes, the rest for -1 or None; empty at the end.

        Raises
        ------
        ReplicaDigestMismatch
            Instead of returning the last piece.
        """
        left = self._size - self._position
        wanted = left if size is None or size < 0 else min(size, left)
        if wanted == 0:
            return b""
        try:
            piece = self._content.read(wanted)
            if not piece:
                raise ReplicaDigestMismatch(
                    f"{self._name}: {self._size} bytes were announced, "
                    f"the content ended after {self._position}"
                )
            self._position += len(piece)
            self._take(piece)
            if self._position == self._size:
                self._verify()
        except Exception as error:
            self.failure = error
            raise
        return piece

    def _take(self, piece: bytes) -> None:
        self._md5_so_far.update(piece)

    def _verify(self) -> None:
        if self._content.read(1):
            raise ReplicaDigestMismatch(
                f"{self._name}: {self._size} bytes were announced, the content has more"
            )


class VerifiedContent(MeasuredContent):
    """A stream that returns its last piece only if size, MD5 and SHA-256 are right.

    The parameters are those of ``MeasuredContent``, and the digests: hexadecimal and base64.
    """

    def __init__(self, content: ByteStream, *, size: int, md5: str, sha256: str, name: str) -> None:
        self._md5, self._sha256 = md5, sha256
        self._file = _as_file(content)
        self._start = 0 if self._file is None else self._file.tell()
        super().__init__(content, size=size, name=name)

    def _begin(self) -> None:
        super()._begin()
        self._sha256_so_far = hashlib.sha256()

    @property
    def is_rewindable(self) -> bool:
        """Whether it can be sent again."""
        return self._file is not None

    def rewind(self) -> None:
        """Go back to the first byte; only if ``is_rewindable``."""
        if self._file is None:
            super().rewind()
        else:
            self._file.seek(self._start)
            self._begin()

    def read_all(self) -> bytes:
        """Return all bytes, verified even if there are none.

        Raises
        ------
        ReplicaDigestMismatch
        """
        if self._size == 0:
            self._verify()
        pieces = []
        while piece := self.read():  # a raw stream may return fewer bytes than asked for
            pieces.append(piece)
        return b"".join(pieces)

    def _take(self, piece: bytes) -> None:
        super()._take(piece)
        self._sha256_so_far.update(piece)

    def _verify(self) -> None:
        super()._verify()
        if self.md5 != self._md5:
            raise ReplicaDigestMismatch(f"{self._name}: the content has another MD5")
        if b64encode(self._sha256_so_far.digest()).decode("ascii") != self._sha256:
            raise ReplicaDigestMismatch(f"{self._name}: the content has another SHA-256")


def check_same_content(found: ReplicaStat, *, size: int, md5: str, name: str) -> ReplicaStat:
    """Return ``found``, the existing replica, if it has the content that was to be put.

    Raises
    ------
    ReplicaConflict
    """
    if (found.size, found.md5) != (size, md5):
        raise ReplicaConflict(f"{name}: the key holds other bytes")
    return found


def check_same_parts(found: ReplicaStat, *, size: int, parts_md5: str, name: str) -> ReplicaStat:
    """Return ``found``, the existing replica, if it has the parts that were to be joined.

    Raises
    ------
    ReplicaConflict
    """
    if (found.size, found.parts_md5) != (size, parts_md5):
        raise ReplicaConflict(f"{name}: the key holds other bytes")
    return found


def check_parts(parts: Sequence[Part], *, parts_md5: str, name: str) -> int:
    """Return the number of bytes of all parts, if their MD5s agree with ``parts_md5``.

    Raises
    ------
    ReplicaDigestMismatch
    """
    if md5_of_parts(parts) != parts_md5:
        raise ReplicaDigestMismatch(f"{name}: the parts have other MD5s")
    return sum(part.size for part in parts)


def md5_of_parts(parts: Sequence[Part]) -> str:
    """Return the hexadecimal MD5 of the concatenated binary MD5s of the parts."""
    joined = b"".join(bytes.fromhex(part.md5) for part in parts)
    return hashlib.md5(joined, usedforsecurity=False).hexdigest()


def _as_file(content: ByteStream) -> BinaryIO | None:
    """Return ``content`` as a file if it can seek, else None."""
    seekable = getattr(content, "seekable", None)
    return cast(BinaryIO, content) if seekable is not None and seekable() else None
