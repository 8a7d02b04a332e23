"""A connection of any protocol, forwarded both ways, or gone wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from tests.support.faults.proxy.fault import Fault, What
from tests.support.faults.proxy.streams import Connection, Cut, Sink

_PIECE = 64 * 1024


async def serve_raw(
    client: Connection,
    fault: Fault | None,
    *,
    connect: Callable[[], Awaitable[Connection]],
    hold: Callable[[], Awaitable[None]],
) -> None:
    """Forward until both sides have ended."""
    what = fault.what if fault else None
    if what is What.RESET or what is What.REFUSE:
        client.reset()
        return
    if what is What.HANG:
        await client.outlast()
        return
    if what is What.DELAY:
        await hold()
    most = fault.after_bytes if fault else 0
    server = await connect()
    requests = Sink(server, most if what is What.CUT_REQUEST else None)
    replies = Sink(client, most if what is What.CUT_REPLY else None)

    async def forward_requests() -> None:
        while content := await client.reader.read(_PIECE):
            await requests.send(content)
        server.writer.write_eof()

    async def forward_replies() -> None:
        first = True
        while content := await server.reader.read(_PIECE):
            if what is What.DROP_REPLY:
                raise Cut
            if first and what is What.DELAY_REPLY:
                await hold()
            first = False
            await replies.send(content)
        client.writer.write_eof()

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(forward_requests())
            group.create_task(forward_replies())
    except* (Cut, OSError):
        client.reset()
        server.reset()
    finally:
        with suppress(OSError):
            server.close()
