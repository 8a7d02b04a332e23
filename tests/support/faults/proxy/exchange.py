"""One request of HTTP and its reply: forwarded byte by byte as they are, or gone wrong.

Nothing is added or rewritten on the way. A signature over the header ``Host`` stays good: that
header names the proxy, which the client was given as its server, and arrives as it was sent.
"""

import asyncio
from collections.abc import Awaitable, Callable

from tests.support.faults.proxy.fault import Fault, What
from tests.support.faults.proxy.messages import Head, body
from tests.support.faults.proxy.pretence import reply_of_failure, reply_of_success
from tests.support.faults.proxy.streams import Connection, Cut, Sink

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Exchange:
    """An exchange with a client.

    Parameters
    ----------
    connect
        Opens a connection to the server: each request has one of its own.
    hold
        Returns when the test releases what is held back.
    """

    def __init__(
        self,
        client: Connection,
        head: Head,
        fault: Fault | None,
        *,
        connect: Callable[[], Awaitable[Connection]],
        hold: Callable[[], Awaitable[None]],
    ) -> None:
        self._client, self._head, self._fault = client, head, fault
        self._connect, self._hold = connect, hold

    @property
    def _what(self) -> What | None:
        return self._fault.what if self._fault else None

    async def run(self) -> bool:
        """Let it happen; returns whether the connection stays for another request."""
        match self._what:
            case What.RESET | What.REFUSE:
                self._client.reset()
                return False
            case What.HANG:
                await self._client.outlast()
                return False
            case What.ERROR:
                await self._refuse()
                return False
            case What.NOT_STORED:
                await self._pretend()
                return not self._head.closes
            case What.DELAY:
                await self._hold()
        server = await self._connect()
        try:
            return await self._forward(server)
        except Cut:
            self._client.reset()
            server.reset()
            return False
        finally:
            server.close()

    async def _refuse(self) -> None:
        assert self._fault is not None
        if not self._head.expects_continue:
            await self._content()
        await self._client.say_last(reply_of_failure(self._fault.status))

    async def _pretend(self) -> None:
        if self._head.expects_continue:
            await self._client.send(_CONTINUE)
        await self._client.send(reply_of_success(self._head, await self._content()))

    async def _content(self) -> bytes:
        pieces = body(self._client.reader, self._head.request_length())
        return b"".join([piece.raw async for piece in pieces if piece.content])

    async def _forward(self, server: Connection) -> bool:
        """Both directions at once: a server may answer before it has read everything."""
        sending = asyncio.create_task(self._forward_request(server))
        answering = asyncio.create_task(self._forward_reply(server))
        try:
            await asyncio.wait({sending, answering}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
            stays = await answering
            await sending
            if self._what is What.DROP_REPLY:
                return False
            return stays and not self._head.closes
        finally:
            for task in (sending, answering):
                task.cancel()
            await asyncio.gather(sending, answering, return_exceptions=True)

    async def _forward_request(self, server: Connection) -> None:
        most = self._fault.after_bytes if self._fault and self._what is What.CUT_REQUEST else None
        sink, gone = Sink(server, most), False
        await sink.send(self._head.raw)
        async for piece in body(self._client.reader, self._head.request_length()):
            # A server that has answered and is gone wants no more: the rest goes nowhere.
            if not gone:
                try:
                    await sink.send(piece.raw)
                except OSError:
                    gone = True

    async def _forward_reply(self, server: Connection) -> bool:
        while True:
            head = await Head.read(server.reader)
            if head is None:
                raise ConnectionError("the server did not answer")
            if head.status >= 200:
                break
            await self._client.send(head.raw)
        length = head.reply_length(self._head.method)
        if self._what is What.DELAY_REPLY:
            await self._hold()
        dropped = self._what is What.DROP_REPLY
        most = self._fault.after_bytes if self._fault and self._what is What.CUT_REPLY else None
        sink = Sink(self._client, most)
        if not dropped:
            await sink.send(head.raw)
        wrong = self._what is What.WRONG_BYTES and head.status in (200, 206)
        async for piece in body(server.reader, length):
            raw = piece.raw
            if wrong and piece.content:
                raw, wrong = bytes([raw[0] ^ 0xFF]) + raw[1:], False
            if not dropped:
                await sink.send(raw)
        return length >= -1 and not head.closes


async def serve_http(
    client: Connection,
    choose: Callable[[Head], Fault | None],
    *,
    connect: Callable[[], Awaitable[Connection]],
    hold: Callable[[], Awaitable[None]],
) -> None:
    """Serve a client's requests one after another until the connection ends."""
    while head := await Head.read(client.reader):
        exchange = Exchange(client, head, choose(head), connect=connect, hold=hold)
        if not await exchange.run():
            return
