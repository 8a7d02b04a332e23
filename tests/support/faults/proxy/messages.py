"""Where an HTTP/1.1 message ends: its bytes are read piece by piece and are not changed."""

from asyncio import IncompleteReadError, StreamReader
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Self

_PIECE = 64 * 1024

CHUNKED = -1
UNTIL_CLOSE = -2


@dataclass(frozen=True)
class Head:
    """Everything before the body; header names in lower case."""

    raw: bytes
    first_line: str
    headers: dict[str, str]

    @classmethod
    async def read(cls, reader: StreamReader) -> Self | None:
        """The next head; None: the other side has ended.

        Raises
        ------
        ConnectionError
            It ended within the head.
        """
        try:
            raw = await reader.readuntil(b"\r\n\r\n")
        except IncompleteReadError as error:
            if error.partial:
                raise ConnectionError("ended within a head") from error
            return None
        first, *lines = raw[:-4].decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        return cls(raw, first, {name.strip().lower(): value.strip() for name, _, value in pairs})

    @property
    def method(self) -> str:
        return self.first_line.partition(" ")[0]

    @property
    def target(self) -> str:
        return self.first_line.split(" ")[1]

    @property
    def status(self) -> int:
        return int(self.first_line.split(" ")[1])

    @property
    def closes(self) -> bool:
        """Whether the connection ends after the message."""
        if self.first_line.startswith("HTTP/1.0") or self.first_line.endswith("HTTP/1.0"):
            return True
        return "close" in self.headers.get("connection", "").lower()

    @property
    def expects_continue(self) -> bool:
        return self.headers.get("expect", "").lower() == "100-continue"

    def request_length(self) -> int:
        """Bytes of a request's body, or ``CHUNKED``."""
        if "transfer-encoding" in self.headers:
            return CHUNKED
        return int(self.headers.get("content-length", 0))

    def reply_length(self, method: str) -> int:
        """Bytes of the body of a reply to a method, ``CHUNKED`` or ``UNTIL_CLOSE``."""
        if method == "HEAD" or self.status < 200 or self.status in (204, 304):
            return 0
        if "transfer-encoding" in self.headers:
            return CHUNKED
        if "content-length" in self.headers:
            return int(self.headers["content-length"])
        return UNTIL_CLOSE


@dataclass(frozen=True)
class Piece:
    """Bytes of a body as they came; ``content``: they are not part of its framing."""

    raw: bytes
    content: bool = True


async def body(reader: StreamReader, length: int) -> AsyncIterator[Piece]:
    """A body of so many bytes, or ``CHUNKED`` or ``UNTIL_CLOSE``.

    Raises
    ------
    ConnectionError
        It ended too soon.
    """
    if length == UNTIL_CLOSE:
        while raw := await reader.read(_PIECE):
            yield Piece(raw)
    elif length == CHUNKED:
        async for piece in _chunks(reader):
            yield piece
    else:
        async for piece in _counted(reader, length):
            yield piece


async def _counted(reader: StreamReader, length: int) -> AsyncIterator[Piece]:
    left = length
    while left:
        raw = await reader.read(min(left, _PIECE))
        if not raw:
            raise ConnectionError(f"{left} bytes are missing of a body")
        left -= len(raw)
        yield Piece(raw)


async def _chunks(reader: StreamReader) -> AsyncIterator[Piece]:
    while True:
        line = await _line(reader)
        yield Piece(line, content=False)
        length = int(line.partition(b";")[0], 16)
        if not length:
            break
        async for piece in _counted(reader, length):
            yield piece
        yield Piece(await _line(reader), content=False)
    while True:  # trailers
        line = await _line(reader)
        yield Piece(line, content=False)
        if line == b"\r\n":
            return


async def _line(reader: StreamReader) -> bytes:
    line = await reader.readline()
    if not line.endswith(b"\r\n"):
        raise ConnectionError("ended within the framing of a body")
    return line
