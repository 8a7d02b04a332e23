"""Connections, and the ways in which they end."""

import socket
import struct
from asyncio import StreamReader, StreamWriter
from contextlib import suppress
from dataclasses import dataclass

_PIECE = 64 * 1024
_AT_ONCE = struct.pack("ii", 1, 0)


class Cut(Exception):
    """As many bytes were forwarded as should be."""


@dataclass(frozen=True)
class Connection:
    """One side's connection with the proxy."""

    reader: StreamReader
    writer: StreamWriter

    def reset(self) -> None:
        """End it as a server does that dies: the other side sees a reset."""
        if own := self.writer.get_extra_info("socket"):
            with suppress(OSError):
                own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.writer.transport.abort()

    def close(self) -> None:
        self.writer.close()

    async def send(self, content: bytes) -> None:
        self.writer.write(content)
        await self.writer.drain()

    async def outlast(self) -> None:
        """Take whatever comes until the other side goes away."""
        with suppress(OSError):
            while await self.reader.read(_PIECE):
                pass

    async def say_last(self, content: bytes) -> None:
        """Send something, and end without a reset, which could overtake it."""
        await self.send(content)
        self.writer.write_eof()
        await self.outlast()


class Sink:
    """Forwards to a connection, up to so many bytes; None: all of them.

    Raises
    ------
    Cut
        By ``send``, once as many were forwarded.
    """

    def __init__(self, to: Connection, most: int | None = None) -> None:
        self._to, self._left = to, most

    async def send(self, content: bytes) -> None:
        if self._left is None:
            await self._to.send(content)
            return
        await self._to.send(content[: self._left])
        self._left -= len(content)
        if self._left <= 0:
            raise Cut
