"""Reading one version of an object from wherever the API sends its reader.

A read that fails goes on where it was: the API is asked again and may choose another replica. The
version stays the same, so a read is never a mix of two.
"""

import io
import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from threading import Lock

from mcos_client.api.models import Download, Elsewhere
from mcos_client.api.objects import download_object, stat_object
from mcos_client.errors import (
    ContentCorrupted,
    ObjectChanged,
    PreconditionFailed,
)
from mcos_client.sending import storage
from mcos_client.sending.connection import RETRIES, Connection
from mcos_client.transfer.source import PIECE

_RANGE = re.compile(r"bytes\s*=\s*([0-9]*)\s*-\s*([0-9]*)\s*")

_UNKNOWN = ""
"""A URL that the API has not been asked for yet."""


class ContentReader:
    """One version of an object, to be read range by range, by several threads if need be.

    Parameters
    ----------
    found
        The API's answer to the first reader.
    """

    def __init__(self, connection: Connection, container: str, name: str, found: Elsewhere) -> None:
        self._connection = connection
        self._container = container
        self._name = name
        self._found = found
        self._lock = Lock()

    @property
    def found(self) -> Elsewhere:
        return self._found

    def pieces(self, first: int, end: int) -> Iterator[bytes]:
        """Get bytes ``first`` to ``end``, exclusive, as they come.

        Raises
        ------
        McosError
        """
        failures = 0
        url = self._found.url or None
        while first < end:
            try:
                if url is None:
                    answer = self._ask(first, end)
                    if isinstance(answer, Download):
                        first += len(answer.content)
                        failures = 0
                        yield answer.content
                        continue
                    url = answer.url
                with storage.get(self._connection, url, first, end, self._found.size) as coming:
                    for piece in coming:
                        first += len(piece)
                        failures = 0
                        yield piece
            except storage.FAILURES:
                failures += 1
                if failures > RETRIES:
                    raise
                self._connection.pause(failures)
                url = None

    def whole(self) -> Iterator[bytes]:
        """Get all bytes; the last ones only if all have the stored digest.

        Raises
        ------
        ContentCorrupted, and what ``pieces`` raises.
        """
        digest, held = sha256(), b""
        for piece in self.pieces(0, self._found.size):
            digest.update(piece)
            if held:
                yield held
            held = piece
        check_digest(digest.digest(), self.digest())
        if held:
            yield held

    def digest(self) -> str | None:
        """Get the SHA-256 of the whole content, base64; None if it is not known yet."""
        if self._found.sha256 is None:
            with suppress(ObjectChanged):
                self._follow()
        return self._found.sha256

    def _ask(self, first: int, end: int) -> Download | Elsewhere:
        range_ = f"bytes={first}-{end - 1}"

        def ask() -> Download | Elsewhere:
            return self._connection.send(
                download_object(
                    self._container,
                    self._name,
                    range_=range_,
                    if_match=self._found.etag,
                    if_none_match=None,
                )
            )

        try:
            answer = ask()
        except PreconditionFailed:
            # The same version gets another ETag when it is digested.
            self._follow()
            answer = ask()
        if answer.version != self._found.version:
            raise ObjectChanged(f"Object {self._name!r} has another version now.")
        if isinstance(answer, Elsewhere):
            with self._lock:
                self._found = replace(self._found, url=answer.url, size=answer.size)
        return answer

    def _follow(self) -> None:
        stat = self._connection.send(stat_object(self._container, self._name))
        if stat.version != self._found.version:
            raise ObjectChanged(f"Object {self._name!r} has another version now.")
        with self._lock:
            self._found = replace(self._found, etag=stat.etag, sha256=stat.sha256)


class ObjectFile(io.RawIOBase):
    """An object, read like a file: bytes that are not read are not fetched.

    Attributes
    ----------
    etag, version, size
        Of the version that is read; they stay the same whatever becomes of the object.
    """

    def __init__(self, content: "ContentReader | Download") -> None:
        self._content = content
        if isinstance(content, Download):
            self.size, self.etag, self.version = (
                len(content.content),
                content.etag,
                content.version,
            )
        else:
            found = content.found
            self.size, self.etag, self.version = found.size, found.etag, found.version
        self._position = 0
        self._coming: Iterator[bytes] | None = None
        self._ahead = memoryview(b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError("the position must not be before the first byte")
        if base + offset != self._position:
            self._drop()
            self._position = base + offset
        return self._position

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        wanted = memoryview(buffer).cast("B")
        if not self._ahead:
            if self._coming is None:
                self._coming = self._from(self._position)
            self._ahead = memoryview(next(self._coming, b""))
        count = min(len(wanted), len(self._ahead))
        wanted[:count] = self._ahead[:count]
        self._ahead = self._ahead[count:]
        self._position += count
        return count

    def close(self) -> None:
        if not self.closed:
            self._drop()
        super().close()

    def _from(self, first: int) -> Iterator[bytes]:
        if isinstance(self._content, Download):
            return _cut(self._content.content, first)
        if first == 0:
            return self._content.whole()
        return self._content.pieces(first, self.size)

    def _drop(self) -> None:
        close = getattr(self._coming, "close", None)
        if close is not None:
            close()
        self._coming = None
        self._ahead = memoryview(b"")


def locate(
    connection: Connection, container: str, name: str, *, if_match: str | None = None
) -> Download | ContentReader:
    """Get an object's content, or a reader of it if no call carries it."""
    found = connection.send(
        download_object(container, name, range_=None, if_match=if_match, if_none_match=None)
    )
    if isinstance(found, Download):
        return found
    return ContentReader(connection, container, name, found)


def read_range(
    connection: Connection,
    container: str,
    name: str,
    first: int,
    end: int,
    *,
    etag: str,
    version: str,
) -> bytes:
    """Get bytes ``first`` to ``end``, exclusive, of a version.

    Raises
    ------
    ObjectChanged
        The object has another version.
    """
    found = Elsewhere(_UNKNOWN, end, etag, None, version)
    return b"".join(ContentReader(connection, container, name, found).pieces(first, end))


def read_elsewhere(
    connection: Connection, container: str, name: str, found: Elsewhere, range_: str | None
) -> Download:
    """Read into memory what ``download_object`` was sent to a storage service for."""
    reader = ContentReader(connection, container, name, found)
    bounds = None if range_ is None else _bounds(range_, found.size)
    if bounds is None:
        content, told = b"".join(reader.whole()), None
    else:
        content = b"".join(reader.pieces(*bounds))
        told = f"bytes {bounds[0]}-{bounds[1] - 1}/{found.size}"
    stat = connection.send(stat_object(container, name))
    if stat.version != found.version:
        raise ObjectChanged(f"Object {name!r} has another version now.")
    return Download(
        content=content,
        content_type=stat.content_type,
        content_range=told,
        etag=reader.found.etag,
        sha256=reader.found.sha256,
        version=found.version,
        state=stat.state,
        metadata=stat.metadata,
    )


def _bounds(range_: str, size: int) -> tuple[int, int] | None:
    """Read first byte and end of a range of HTTP; None if it is none: that means the whole."""
    matched = _RANGE.fullmatch(range_)
    if matched is None or matched.groups() == ("", ""):
        return None
    first, last = matched.groups()
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(int(last) + 1, size) if last else size


def check_digest(actual: bytes, expected: str | None) -> None:
    """Raise ``ContentCorrupted`` unless bytes have the expected SHA-256."""
    found = b64encode(actual).decode("ascii")
    if expected is not None and found != expected:
        raise ContentCorrupted(f"The content's SHA-256 is {found}, not {expected}.")


def _cut(content: bytes, first: int) -> Iterator[bytes]:
    for position in range(first, len(content), PIECE):
        yield content[position : position + PIECE]
