"""The proxy in a thread of its own: any number of listeners, each before one server."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread
from types import TracebackType
from typing import Any, Self, TypeVar

from tests.support.faults.proxy.exchange import serve_http
from tests.support.faults.proxy.fault import HTTP_ONLY, Fault, What
from tests.support.faults.proxy.messages import Head
from tests.support.faults.proxy.schedule import Schedule, Script
from tests.support.faults.proxy.streams import Connection
from tests.support.faults.proxy.tunnel import serve_raw

Result = TypeVar("Result")

HOST = "127.0.0.1"
_HEAD_AT_MOST = 256 * 1024


@dataclass
class Listener:
    """A port before a server. What is public may be used from any thread.

    Attributes
    ----------
    schedule
        What goes wrong while nothing is switched on.
    injected
        How often each fault was done.
    requests
        How many requests, or connections of another protocol, there were.
    held
        How many are held back now.
    """

    name: str
    server: tuple[str, int]
    port: int
    loop: asyncio.AbstractEventLoop
    http: bool = True
    schedule: Schedule = field(default_factory=Script)
    injected: Counter[What] = field(default_factory=Counter)
    requests: int = 0
    held: int = 0
    _fault: Fault | None = None
    _listening: asyncio.Server | None = None
    _clients: set[Connection] = field(default_factory=set)
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def switch(self, fault: Fault | None) -> None:
        """Let everything go wrong like this from now on; None: as the schedule says."""
        if fault and not self.http and fault.what in HTTP_ONLY:
            raise ValueError(f"only HTTP knows {fault.what}")
        _in(self.loop, self._switch(fault))

    def release(self) -> None:
        """Let go on what is held back now."""
        _in(self.loop, self._release())

    async def _switch(self, fault: Fault | None) -> None:
        self._fault = fault
        if fault and fault.what is What.REFUSE:
            await self._stop_listening()
        elif self._listening is None:
            await self._listen()
        if fault and fault.what in (What.REFUSE, What.RESET):
            for client in list(self._clients):
                client.reset()

    async def _release(self) -> None:
        self._released.set()
        self._released = asyncio.Event()

    async def _listen(self) -> None:
        self._listening = await asyncio.start_server(
            self._serve, HOST, self.port, limit=_HEAD_AT_MOST
        )
        self.port = self._listening.sockets[0].getsockname()[1]

    async def _stop_listening(self) -> None:
        if self._listening is not None:
            self._listening.close()
            self._listening = None

    async def _close(self) -> None:
        await self._stop_listening()
        for client in list(self._clients):
            client.reset()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Connection(reader, writer)
        self._clients.add(client)
        try:
            if self.http:
                await serve_http(client, self._choose, connect=self._connect, hold=self._hold)
            else:
                fault = self._choose(None)
                await serve_raw(client, fault, connect=self._connect, hold=self._hold)
        except OSError:
            client.reset()
        finally:
            self._clients.discard(client)
            with suppress(OSError):
                client.close()

    def _choose(self, head: Head | None) -> Fault | None:
        self.requests += 1
        fault = self._fault or self.schedule.next()
        if fault and head and not fault.applies(head.method, head.headers):
            return None
        if fault:
            self.injected[fault.what] += 1
        return fault

    async def _connect(self) -> Connection:
        return Connection(*await asyncio.open_connection(*self.server, limit=_HEAD_AT_MOST))

    async def _hold(self) -> None:
        self.held += 1
        try:
            await self._released.wait()
        finally:
            self.held -= 1


class Proxies:
    """The listeners; use it in a ``with``."""

    def __init__(self) -> None:
        self.listeners: dict[str, Listener] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="fault proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for listener in self.listeners.values():
            _in(self._loop, listener._close())
        _in(self._loop, _end_tasks())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def listen(
        self,
        name: str,
        server: tuple[str, int],
        *,
        port: int = 0,
        http: bool = True,
        schedule: Schedule | None = None,
    ) -> Listener:
        """Listen before a server; on any port if it is 0.

        Parameters
        ----------
        http
            Whether the server speaks plain HTTP: a fault is then drawn for each request, else for
            each connection.
        """
        listener = Listener(name, server, port, self._loop, http, schedule or Script())
        _in(self._loop, listener._listen())
        self.listeners[name] = listener
        return listener


def _in(loop: asyncio.AbstractEventLoop, what: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run_coroutine_threadsafe(what, loop).result()


async def _end_tasks() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
