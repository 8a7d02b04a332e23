"""The body of a request, as it comes from the server, in bounded memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from mcos_serve.s3.content import Expected, IncomingContent
from mcos_serve.s3.errors import S3Error

Receive = Callable[[], Awaitable[Mapping[str, Any]]]

SILENCE_SECONDS = 60.0
"""A client that sends nothing for longer is given up."""

DRAINED = 1024**2
"""Bytes of a body that are read although nobody wants them: so that the client, which sends before
it listens, hears why."""


class ClientGone(Exception):
    """The client has closed its connection."""


class Body:
    """One request's body; it is read once.

    Attributes
    ----------
    expected
        What the headers say of it.
    checksums
        Those that the client has sent, as headers of the reply; once all was read.
    incoming
        What has come so far.
    """

    def __init__(self, receive: Receive, expected: Expected) -> None:
        self.expected = expected
        self.checksums: Mapping[str, str] = {}
        self.incoming = IncomingContent(expected)
        self._receive = receive
        self._has_more = True

    @property
    def is_read(self) -> bool:
        """Whether all of it has come."""
        return not self._has_more

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the content as it comes; the last of it only once it is known to be right.

        Raises
        ------
        S3Error
            It is not what its sender has meant.
        ClientGone
        """
        held: bytes = b""
        async for data in self._raw():
            for piece in self.incoming.feed(data):
                if held:
                    yield held
                held = bytes(piece)
        self.checksums = self.incoming.finish()
        if held:
            yield held

    async def whole(self, most: int) -> bytes:
        """Return all of the content.

        Raises
        ------
        S3Error
            It has more than ``most`` bytes, or is not what its sender has meant.
        """
        if (self.expected.size or 0) > most:
            raise _too_large(most)
        found: list[bytes] = []
        size = 0
        async for piece in self.pieces():
            size += len(piece)
            if size > most:
                raise _too_large(most)
            found.append(piece)
        return b"".join(found)

    async def drain(self) -> None:
        """Read what is left of it, if that is not much."""
        size = 0
        try:
            async for data in self._raw():
                size += len(data)
                if size > DRAINED:
                    return
        except (S3Error, ClientGone):
            self._has_more = True

    async def _raw(self) -> AsyncIterator[bytes]:
        while self._has_more:
            try:
                message = await asyncio.wait_for(self._receive(), SILENCE_SECONDS)
            except TimeoutError:
                raise S3Error(
                    "RequestTimeout",
                    "Your socket connection to the server was not read from or written to within "
                    "the timeout period.",
                ) from None
            if message["type"] == "http.disconnect":
                raise ClientGone
            self._has_more = bool(message.get("more_body", False))
            if data := message.get("body", b""):
                yield data


def _too_large(most: int) -> S3Error:
    return S3Error(
        "EntityTooLarge",
        "Your proposed upload exceeds the maximum allowed size",
        details={"MaxSizeAllowed": str(most)},
    )
