"""The methods of ``Client`` in threads, for coroutines to wait for."""

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from mcos_client.aio.bridge import BridgeTransport
from mcos_client.api.method import SendsAsync
from mcos_client.client import Client

Done = TypeVar("Done")
P = ParamSpec("P")


class Worker:
    """A thread with a client of its own, whose requests the loop sends.

    Cancelled while it waits, it ends what the thread does before it goes on.
    """

    def __init__(self, client: Client, bridge: BridgeTransport) -> None:
        self.client = client
        self.bridge = bridge
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="mcos-transfer")

    async def do(self, work: Callable[[], Done]) -> Done:
        """Run ``work`` in the thread, and give its result."""
        running = asyncio.get_running_loop().run_in_executor(self._pool, work)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            self.stop()
            await asyncio.wait([running])
            raise

    def readable(self, argument: Any) -> Any:
        """Make content that the loop yields readable for a thread; leave other arguments."""
        return self.bridge.iterate(argument) if isinstance(argument, AsyncIterable) else argument

    def stop(self) -> None:
        self.client.stop_transfers()
        self.bridge.stop()

    def close(self) -> None:
        self._pool.shutdown(wait=False)
        self.bridge.close()


class HasWorkers(SendsAsync):
    """A client whose coroutines may have threads do their work."""

    _workers: set[Worker]

    @abstractmethod
    def _worker(self) -> Worker:
        """Start a thread."""

    @asynccontextmanager
    async def _working(self) -> AsyncIterator[Worker]:
        worker = self._worker()
        self._workers.add(worker)
        try:
            yield worker
        finally:
            self._workers.discard(worker)
            worker.close()


def in_thread(
    method: Callable[Concatenate[Client, P], Done],
    *,
    at_once: Callable[..., Coroutine[Any, Any, Done] | None] = lambda *args, **kwargs: None,
) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, Done]]:
    """Make a coroutine of a method of ``Client``, with its signature and docstring.

    Parameters
    ----------
    at_once
        Does it without a thread, if that is possible with the arguments.
    """

    @wraps(method)
    async def run(self: HasWorkers, *args: P.args, **kwargs: P.kwargs) -> Done:
        doing = at_once(self, *args, **kwargs)
        if doing is not None:
            return await doing
        async with self._working() as worker:
            given = [worker.readable(one) for one in args]
            named = {name: worker.readable(one) for name, one in kwargs.items()}
            return await worker.do(lambda: method(worker.client, *given, **named))

    return run
