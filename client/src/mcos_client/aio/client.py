"""The client for asyncio: the calls of ``Client``, each a coroutine."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import fields
from functools import partial
from types import TracebackType
from typing import Any, Self

import httpx

from mcos_client.aio import storage
from mcos_client.aio.bridge import BridgeTransport
from mcos_client.aio.object_file import AsyncObjectFile
from mcos_client.aio.worker import HasWorkers, Worker, in_thread
from mcos_client.api import objects
from mcos_client.api.call import Call, Result
from mcos_client.api.calls import OperatorCalls, UserCalls
from mcos_client.api.login import refresh_token
from mcos_client.api.method import SendsAsync, like, method
from mcos_client.api.models import Download, Elsewhere, Written
from mcos_client.api.writing import Writing, putting
from mcos_client.client import NO_LIMITS, TIMEOUT, Client
from mcos_client.errors import McosError, ObjectChanged, PreconditionFailed, ReplyMixedUp
from mcos_client.sending.attempts import SEND_FAILURES, Attempts
from mcos_client.sending.bandwidth import Bandwidth
from mcos_client.sending.clock import Clock
from mcos_client.sending.connection import RETRIES, pause_after
from mcos_client.sending.connections import Connections
from mcos_client.sending.encoded import send_async
from mcos_client.sending.entry_points import EntryPoints
from mcos_client.sending.tokens import CurrentToken, TokenStore
from mcos_client.transfer.parts import content_md5
from mcos_client.transfer.source import PIECE


class AsyncAdmin(OperatorCalls, SendsAsync):
    """``AsyncClient.admin``: the calls of ``Client.admin``, each a coroutine."""

    def __init__(self, client: SendsAsync) -> None:
        self._client = client

    async def _send(self, call: Call[Result], /) -> Result:
        return await self._client._send(call)

    async def _pause(self, seconds: float, /) -> float:
        return await self._client._pause(seconds)


Storing = Callable[..., Coroutine[Any, Any, Written] | None]

_FACTS = {one.name for one in fields(Writing)}


def _at_once(writing: Callable[..., Writing]) -> Storing:
    """Store bytes that one call carries; anything else, or with options of an upload, not."""

    def store(
        client: Any,
        container: str,
        name: str,
        content: Any,
        *,
        prefer: str | None = None,
        **how: Any,
    ) -> Coroutine[Any, Any, Written] | None:
        small = isinstance(content, bytes) and len(content) <= objects.LARGEST_CALL
        if not small or how.keys() - _FACTS - {"if_there"}:
            return None
        call = objects.write_object(container, name, content, writing(**how), prefer=prefer)
        sent: Coroutine[Any, Any, Written] = client._send(call)
        return sent

    return store


class AsyncClient(UserCalls, HasWorkers):
    """A user's access to MCOS, for asyncio; ``Client`` says what the calls do.

    It takes what ``Client`` takes, ``transport`` an ``httpx.AsyncBaseTransport``; one may be used
    by several tasks of a loop. Content may be an ``AsyncIterable`` of bytes, too.
    """

    def __init__(
        self,
        entry_point: str | Sequence[str],
        token: str | None = None,
        *,
        timeout: float | httpx.Timeout = TIMEOUT,
        transport: httpx.AsyncBaseTransport | None = None,
        retries: int = 0,
        clock: Clock | None = None,
        token_store: TokenStore | None = None,
        bandwidth: Bandwidth | None = None,
    ) -> None:
        self.admin = AsyncAdmin(self)
        self._clock = clock or Clock()
        self._bandwidth = bandwidth or Bandwidth()
        self._token = CurrentToken(token, self._clock, token_store)
        self._entry_points = EntryPoints(entry_point, self._clock)
        self._retries = retries
        self._timeout = timeout
        self._connections = Connections(
            lambda: httpx.AsyncClient(timeout=timeout, limits=NO_LIMITS, transport=transport)
        )
        self._workers = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    @like(Client.close)
    async def close(self) -> None:
        for http in self._connections.close():
            await http.aclose()

    @property
    def token(self) -> str | None:
        """What proves who is calling; None before a login."""
        return self._token.text

    @token.setter
    def token(self, token: str | None) -> None:
        self._token.use(token)

    @property
    def _http(self) -> httpx.AsyncClient:
        return self._connections.http

    @property
    def entry_point(self) -> str:
        """URL of the entry point that the next call goes to."""
        return self._entry_points.first

    put_object = in_thread(Client.put_object, at_once=_at_once(putting))
    create_object = in_thread(Client.create_object, at_once=_at_once(partial(Writing, "create")))
    update_object = in_thread(Client.update_object, at_once=_at_once(partial(Writing, "update")))
    upload = in_thread(Client.upload)
    download_to = in_thread(Client.download_to)
    read_range = in_thread(Client.read_range)

    @like(Client.download_object)
    async def download_object(
        self,
        container: str,
        name: str,
        *,
        range_: str | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Download:
        found = await self._send(
            objects.download_object(
                container, name, range_=range_, if_match=if_match, if_none_match=if_none_match
            )
        )
        if isinstance(found, Download):
            return found
        async with self._working() as worker:
            return await worker.do(
                lambda: worker.client.download_object(
                    container, name, range_=range_, if_match=found.etag
                )
            )

    find_content = method(objects.download_object)

    async def send_part(
        self, url: str, pieces: AsyncIterable[bytes], size: int, *, md5: bytes | None = None
    ) -> str | None:
        """Send a part of an upload to its URL, as it comes and once; return its ETag.

        For who has parts and no content: ``put_object`` and ``upload`` do all of it. If ``pieces``
        raises, nothing is stored.

        Parameters
        ----------
        size
            Bytes of the part.
        md5
            What it must have; the storage service compares it.

        Raises
        ------
        StorageUnreachable, StorageRefused, and what ``pieces`` raises.
        """
        headers = {} if md5 is None else content_md5(md5)
        return await storage.put(self._http, url, pieces, size, headers)

    async def read_elsewhere(
        self, container: str, name: str, found: Elsewhere, first: int, end: int
    ) -> AsyncIterator[bytes]:
        """Read bytes ``first`` to ``end``, exclusive, of what ``find_content`` has found, as they
        come and without a thread.

        A read that fails goes on where it was, from another replica if need be.

        Raises
        ------
        ObjectChanged
            Another version replaced it meanwhile.
        StorageUnreachable, StorageRefused
        """
        failures, url = 0, found.url
        while first < end:
            try:
                if not url:
                    range_ = f"bytes={first}-{end - 1}"
                    asked = self.find_content(container, name, range_=range_, if_match=found.etag)
                    answer = await asked
                    if answer.version != found.version:
                        raise ObjectChanged(f"Object {name!r} has another version now.")
                    if isinstance(answer, Download):
                        first += len(answer.content)
                        yield answer.content
                        continue
                    url = answer.url
                async with storage.get(self._http, url, first, end, found.size) as pieces:
                    async for piece in pieces:
                        first += len(piece)
                        failures = 0
                        yield piece
            except PreconditionFailed as error:
                raise ObjectChanged(f"Object {name!r} has another version now.") from error
            except storage.FAILURES:
                failures += 1
                if failures > RETRIES:
                    raise
                await self._clock.sleep_async(pause_after(failures))
                url = ""

    @like(Client.open_object)
    async def open_object(
        self, container: str, name: str, *, if_match: str | None = None
    ) -> AsyncObjectFile:
        worker = self._worker()
        try:
            file = await worker.do(
                lambda: worker.client.open_object(container, name, if_match=if_match)
            )
        except BaseException:
            worker.close()
            raise
        return AsyncObjectFile(worker, file)

    @like(Client.stream_object)
    async def stream_object(
        self, container: str, name: str, *, if_match: str | None = None
    ) -> AsyncIterator[bytes]:
        async with await self.open_object(container, name, if_match=if_match) as file:
            while piece := await file.read(PIECE):
                yield piece

    @like(Client.stop_transfers)
    async def stop_transfers(self) -> None:
        for worker in tuple(self._workers):
            worker.stop()

    async def _send(self, call: Call[Result], /) -> Result:
        if call.authenticated and self._token.is_due:
            # Not waited for: a loop must not stand still, and the old token is good for long.
            with self._token.renewing(wait=False) as is_mine:
                if is_mine:
                    try:
                        self._token.renewed(await self._attempt(refresh_token(), 0))
                    except McosError as error:
                        self._token.not_renewed(error)
        return await self._attempt(call, self._retries)

    async def _attempt(self, call: Call[Result], retries: int) -> Result:
        attempts = Attempts(call, self._entry_points, retries)
        while True:
            http, token = self._http, self.token
            try:
                return attempts.read(
                    await send_async(http, attempts.request(token), self._bandwidth)
                )
            except (*SEND_FAILURES, McosError) as error:
                if isinstance(error, McosError) and self._token.is_replaced(error, token):
                    continue
                if isinstance(error, ReplyMixedUp):
                    self._connections.drop(http)
                pause = attempts.pause_after(error)
            if pause:
                await self._clock.sleep_async(pause)

    async def _pause(self, seconds: float, /) -> float:
        if seconds:
            await self._clock.sleep_async(seconds)
        return self._clock.now()

    def _worker(self) -> Worker:
        bridge = BridgeTransport(self._http, asyncio.get_running_loop())
        client = Client(
            self._entry_points.urls,
            self.token,
            timeout=self._timeout,
            transport=bridge,
            retries=self._retries,
            clock=self._clock,
            bandwidth=self._bandwidth,
        )
        client._token = self._token
        return Worker(client, bridge)
