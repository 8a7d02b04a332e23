"""How ``AsyncClient`` makes transfers: by ``Client``, in a thread, over the loop's network.

Files and digests are work that blocks, so a thread has to do it anyhow. What goes over the
network goes through the asynchronous client: its transport, its connections, its loop.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from threading import Lock
from typing import Any, TypeVar

import httpx

from mcos_client.errors import TransferStopped

T = TypeVar("T")


class BridgeTransport(httpx.BaseTransport):
    """Sends requests of a thread by an asynchronous client, on the loop that it belongs to."""

    def __init__(self, http: httpx.AsyncClient, loop: asyncio.AbstractEventLoop) -> None:
        self._http = http
        self._loop = loop
        # Bodies are read in threads of their own: reading may block, and a pool that others fill
        # might never come to it.
        self._readers = ThreadPoolExecutor(thread_name_prefix="mcos-body")
        self._running: set[Future[Any]] = set()
        self._lock = Lock()
        self._stopped = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if isinstance(request.stream, httpx.SyncByteStream):
            content: Any = self._asynchronous(iter(request.stream))
        else:
            content = b""
        sent = httpx.Request(
            request.method,
            request.url,
            headers=request.headers,
            content=content,
            extensions=request.extensions,
        )
        response = self._wait(self._http.send(sent, stream=True))
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=_Stream(response, self._wait),
            extensions={key: response.extensions[key] for key in _TOLD & set(response.extensions)},
        )

    def stop(self) -> None:
        """End what is under way, and let nothing more begin."""
        with self._lock:
            self._stopped = True
            running = tuple(self._running)
        for one in running:
            one.cancel()

    def close(self) -> None:
        self._readers.shutdown(wait=False)

    def iterate(self, chunks: AsyncIterable[bytes]) -> Iterator[bytes]:
        """Give a thread what the loop yields."""
        iterator = aiter(chunks)
        while True:
            chunk = self._wait(_next(iterator))
            if chunk is None:
                return
            yield chunk

    def _wait(self, work: Coroutine[Any, Any, T], *, ends: bool = False) -> T:
        with self._lock:
            if self._stopped and not ends:
                work.close()
                raise TransferStopped("The transfer was stopped.")
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
            self._running.add(future)
        try:
            return future.result()
        except CancelledError as error:
            raise TransferStopped("The transfer was stopped.") from error
        finally:
            with self._lock:
                self._running.discard(future)

    async def _asynchronous(self, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
        while True:
            piece = await self._loop.run_in_executor(self._readers, next, pieces, None)
            if piece is None:
                return
            yield piece


_TOLD = {"http_version", "reason_phrase"}


class _Stream(httpx.SyncByteStream):
    def __init__(self, response: httpx.Response, wait: Callable[..., Any]) -> None:
        if not isinstance(response.stream, httpx.AsyncByteStream):
            raise TypeError("the transport must be one for asyncio")
        self._response = response
        self._stream = response.stream
        self._wait = wait

    def __iter__(self) -> Iterator[bytes]:
        # Not aiter_raw(): a transport may have read it all already.
        pieces = aiter(self._stream)
        while True:
            piece = self._wait(_next(pieces))
            if piece is None:
                return
            yield piece

    def close(self) -> None:
        self._wait(self._response.aclose(), ends=True)


async def _next(pieces: AsyncIterator[bytes]) -> bytes | None:
    return await anext(pieces, None)
