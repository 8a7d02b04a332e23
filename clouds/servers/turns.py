"""Turns: of the calls of entry points, only some at a time are let through to the emulator.

The emulator starts a process for each call of a function that comes while all processes of that
function are busy, and each start takes half a second of a processor. So sixty clients at once
would start a hundred processes, and nobody would be answered meanwhile. Here a call waits for its
turn instead, which the few processes come to soon.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

AT_A_TIME = 4
"""Calls that read, and as many that write."""

SECONDS = 5.0
"""A call that takes longer waits for something else than a processor; the next one comes then."""

_ENTRY_POINT = "/restapis/"
_READS = ("GET", "HEAD")


class InTurns:
    """An ASGI application that lets another one have the calls of entry points in turns.

    Parameters
    ----------
    app
        The other one. It has all other requests, and calls that ask to wait, at once.

    Attributes
    ----------
    turns
        Of calls that read (True) and of those that write.
    """

    def __init__(self, app: App, *, at_a_time: int = AT_A_TIME, seconds: float = SECONDS) -> None:
        self._app = app
        self._seconds = seconds
        self.turns = {reads: asyncio.Semaphore(at_a_time) for reads in (True, False)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if not _takes_turns(scope):
            await self._app(scope, receive, send)
            return
        turns = self.turns[scope["method"] in _READS]
        await turns.acquire()
        over = asyncio.get_running_loop().call_later(self._seconds, turns.release)
        try:
            await self._app(scope, receive, send)
        finally:
            if over.when() > asyncio.get_running_loop().time():
                over.cancel()
                turns.release()


def _takes_turns(scope: Scope) -> bool:
    if scope["type"] != "http" or not scope["path"].startswith(_ENTRY_POINT):
        return False
    asks_to_wait = b"wait=" in scope["query_string"] or any(
        name == b"prefer" and b"wait" in value for name, value in scope["headers"]
    )
    return not asks_to_wait
