"""Where content comes from: bytes, files, streams; as parts that may be read more than once."""

import io
import os
import stat
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from hashlib import md5, sha256
from pathlib import Path
from typing import BinaryIO, Protocol

from mcos_client.errors import SourceChanged

PIECE = 1024**2
"""Bytes that are read, digested and sent at once."""

STREAM_PART = 16 * 1024**2
"""Parts of a stream are held in memory up to this size, larger ones in a file."""


class Body(Protocol):
    """Some bytes in a row, which can be read several times."""

    @property
    def size(self) -> int: ...

    def pieces(self) -> Iterator[bytes]: ...

    def close(self) -> None:
        """Free the memory or the file that holds them."""


class ContentDigest:
    """MD5 and SHA-256 of content, taken as it is read in order."""

    def __init__(self) -> None:
        self._md5 = md5(usedforsecurity=False)
        self._sha256 = sha256()

    def add(self, body: Body) -> bytes:
        """Read a body, and give its own MD5."""
        own = md5(usedforsecurity=False)
        for piece in body.pieces():
            own.update(piece)
            self._md5.update(piece)
            self._sha256.update(piece)
        return own.digest()

    def as_json(self) -> dict[str, str]:
        """Give the digests as the API takes them."""
        return {
            "sha-256": b64encode(self._sha256.digest()).decode("ascii"),
            "md5": b64encode(self._md5.digest()).decode("ascii"),
        }


class BytesBody:
    """Bytes in memory."""

    def __init__(self, content: bytes | bytearray | memoryview) -> None:
        self._content = memoryview(content).cast("B")
        self.size = len(self._content)

    def pieces(self) -> Iterator[bytes]:
        for first in range(0, self.size, PIECE):
            yield bytes(self._content[first : first + PIECE])

    def close(self) -> None:
        self._content = memoryview(b"")


class FileBody:
    """A range of an open file."""

    def __init__(self, descriptor: int, first: int, size: int) -> None:
        self._descriptor = descriptor
        self._first = first
        self.size = size

    def pieces(self) -> Iterator[bytes]:
        position, end = self._first, self._first + self.size
        while position < end:
            # Not seek and read: other threads read other parts of the same file.
            piece = os.pread(self._descriptor, min(PIECE, end - position), position)
            if not piece:
                raise SourceChanged("The file became shorter while it was read.")
            position += len(piece)
            yield piece

    def close(self) -> None:
        """Do nothing: the source closes its file."""


class TemporaryBody(FileBody):
    """Bytes in a file without a name."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        super().__init__(file.fileno(), 0, size)
        self._file = file

    def close(self) -> None:
        self._file.close()


class BytesSource:
    """Content in memory."""

    repeatable = True

    def __init__(self, content: bytes | bytearray | memoryview) -> None:
        self._content = memoryview(content).cast("B")
        self.size = len(self._content)

    def bodies(self, part_size: int) -> Iterator[Body]:
        for first in range(0, self.size, part_size):
            yield BytesBody(self._content[first : first + part_size])

    def whole(self) -> Body:
        return BytesBody(self._content)

    def within(self, limit: int) -> bytes | None:
        return bytes(self._content) if self.size <= limit else None

    @property
    def head(self) -> bytes:
        return bytes(self._content[:PIECE])

    def check(self) -> None:
        """Do nothing: the caller must not change it."""

    def close(self) -> None:
        """Do nothing: no file is open."""


class FileSource:
    """A regular file, from where it is open to its end.

    Parameters
    ----------
    file
        It stays open; the caller closes it.
    path
        Its name, if it is known.
    """

    repeatable = True

    def __init__(self, file: BinaryIO, path: Path | None = None) -> None:
        self._file = file
        self._descriptor = file.fileno()
        self._first = file.tell()
        self._found = self._identity()
        self.path = path
        self.size = max(0, os.fstat(self._descriptor).st_size - self._first)

    @property
    def identity(self) -> dict[str, int]:
        """What shows that a file is unchanged: size, time of its last change, inode."""
        return self._found

    def bodies(self, part_size: int) -> Iterator[Body]:
        for first in range(0, self.size, part_size):
            size = min(part_size, self.size - first)
            yield FileBody(self._descriptor, self._first + first, size)

    def whole(self) -> Body:
        return FileBody(self._descriptor, self._first, self.size)

    def within(self, limit: int) -> bytes | None:
        if self.size > limit:
            return None
        found, position = [], self._first
        # Up to where it ends, which need not be where it was told to end.
        while piece := os.pread(self._descriptor, PIECE, position):
            found.append(piece)
            position += len(piece)
            if position - self._first > limit:
                raise SourceChanged(f"{self._name} became longer while it was read.")
        return b"".join(found)

    @property
    def head(self) -> bytes:
        return os.pread(self._descriptor, PIECE, self._first)

    def check(self) -> None:
        if self._identity() != self._found:
            raise SourceChanged(f"{self._name} changed while it was read.")
        if os.pread(self._descriptor, 1, self._first + self.size):
            raise SourceChanged(f"{self._name} is longer than it is told to be.")

    def close(self) -> None:
        if self.path is not None:
            self._file.close()

    @property
    def _name(self) -> str:
        return str(self.path or "The file")

    def _identity(self) -> dict[str, int]:
        found = os.fstat(self._descriptor)
        return {"size": found.st_size, "mtime_ns": found.st_mtime_ns, "inode": found.st_ino}


class StreamSource:
    """Content that can be read once, of unknown size: a pipe, an iterator of bytes.

    Parameters
    ----------
    owned
        Whether to close it.
    """

    repeatable = False
    size: int | None = None

    def __init__(self, stream: BinaryIO | Iterable[bytes], *, owned: bool = False) -> None:
        self._read: Callable[[int], object] = getattr(stream, "read", None) or _Joined(stream).read
        self._close = getattr(stream, "close", None) if owned else None
        self._ahead = b""

    def bodies(self, part_size: int) -> Iterator[Body]:
        while True:
            body = self._next(part_size)
            if not body.size:
                return
            yield body

    @property
    def head(self) -> bytes:
        """The first bytes, after ``within`` has read them.

        It is empty if nothing was read yet.
        """
        return self._ahead

    def whole(self) -> Body:
        raise TypeError("a stream must be read part by part")

    def within(self, limit: int) -> bytes | None:
        self._ahead = b"".join(self._pieces(limit + 1))
        return self._ahead if len(self._ahead) <= limit else None

    def check(self) -> None:
        """Do nothing: a stream cannot be read again."""

    def close(self) -> None:
        if self._close is not None:
            self._close()

    def _next(self, part_size: int) -> Body:
        if part_size <= STREAM_PART:
            return BytesBody(b"".join(self._pieces(part_size)))
        file = tempfile.TemporaryFile()  # noqa: SIM115  (the body closes it)
        size = sum(file.write(piece) for piece in self._pieces(part_size))
        file.flush()
        return TemporaryBody(file, size)

    def _pieces(self, count: int) -> Iterator[bytes]:
        if self._ahead:
            piece, self._ahead = self._ahead[:count], self._ahead[count:]
            count -= len(piece)
            yield piece
        while count:
            found = self._read(min(count, PIECE))
            if not isinstance(found, bytes | bytearray | memoryview):
                raise TypeError("content must be bytes: open files in binary mode")
            if not found:
                return
            count -= len(found)
            yield bytes(found)


class _Joined:
    """An iterator of bytes, read like a file."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")

    def read(self, count: int) -> bytes:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._rest = memoryview(chunk)
        piece, self._rest = self._rest[:count], self._rest[count:]
        return bytes(piece)


Source = BytesSource | FileSource | StreamSource
"""Where content is read from. All have

``size``
    None if it is not known before the end;
``repeatable``
    whether bodies hold no memory;
``bodies(part_size)``
    its parts, in order, once;
``whole()``
    all of it as one body, if its size is known;
``within(limit)``
    all of it if it is no larger, else None and nothing is lost;
``head``
    some of its first bytes, once ``within`` was called;
``check()``
    raises ``SourceChanged`` if it has changed;
``close()``
    closes a file that was opened here.
"""

Content = (
    bytes
    | bytearray
    | memoryview
    | os.PathLike[str]
    | BinaryIO
    | Iterable[bytes]
    | AsyncIterable[bytes]
    | BytesSource
    | FileSource
    | StreamSource
)
"""Content to store. A path names a file; an ``AsyncIterable`` is for ``AsyncClient`` only."""


def source_of(content: Content) -> Source:
    """Make the source that content is read from.

    Raises
    ------
    OSError
        A file cannot be opened.
    TypeError
        It does not have bytes.
    """
    if isinstance(content, BytesSource | FileSource | StreamSource):
        return content
    if isinstance(content, bytes | bytearray | memoryview):
        return BytesSource(content)
    if isinstance(content, os.PathLike):
        return _opened(Path(content))
    if isinstance(content, str) or not isinstance(content, Iterable):
        raise TypeError("content must be bytes, a path, a binary file, or an iterable of bytes")
    # Only real files: others have a descriptor of something else, gzip's for instance.
    raw = getattr(content, "raw", content)
    if isinstance(raw, io.FileIO) and _is_file(raw.fileno()):
        return FileSource(content)  # type: ignore[arg-type]
    return StreamSource(content)


def _is_file(descriptor: int) -> bool:
    """Whether it is a file with a size.

    Those that are made as they are read, below /proc for instance, are told to have none.
    """
    found = os.fstat(descriptor)
    return stat.S_ISREG(found.st_mode) and found.st_size > 0


def _opened(path: Path) -> Source:
    file = path.open("rb")
    try:
        if _is_file(file.fileno()):
            return FileSource(file, path)
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode) and not file.peek(1):
            file.close()
            return BytesSource(b"")
    except BaseException:
        file.close()
        raise
    return StreamSource(file, owned=True)
