"""The client for asyncio: the calls of ``Client``, each a coroutine."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import Self

import httpx

from mcos_client.aio.admin import AsyncAdmin
from mcos_client.aio.bridge import BridgeTransport
from mcos_client.aio.transfers import AsyncTransfers, Worker
from mcos_client.api import containers, objects
from mcos_client.api import login as login_call
from mcos_client.api.call import Call, Result
from mcos_client.api.models import (
    Container,
    ContainerPage,
    Download,
    ListedObject,
    ObjectPage,
    ObjectPlacement,
    ObjectStat,
    Token,
    Written,
)
from mcos_client.client import FIRST_PAUSE, LONGEST_LOOK, LONGEST_PAUSE, TIMEOUT, Client
from mcos_client.errors import McosError, NotSettled, ObjectNotFound
from mcos_client.sending.attempts import Attempts
from mcos_client.sending.clock import Clock
from mcos_client.sending.entry_points import EntryPoints
from mcos_client.transfer.source import Content
from mcos_client.transfers import LARGEST_CALL, OCTET_STREAM


class AsyncClient(AsyncTransfers):
    """A user's access to MCOS, for asyncio; ``Client`` says what the calls do.

    It takes what ``Client`` takes, ``transport`` an ``httpx.AsyncBaseTransport``; one may be used
    by several tasks of a loop.
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
    ) -> None:
        self.token = token
        self.admin = AsyncAdmin(self._send)
        self._clock = clock or Clock()
        self._entry_points = EntryPoints(entry_point, self._clock)
        self._retries = retries
        self._timeout = timeout
        self._http = httpx.AsyncClient(timeout=timeout, transport=transport)
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

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    @property
    def entry_point(self) -> str:
        """URL of the entry point that the next call goes to."""
        return self._entry_points.first

    async def login(self, user_name: str, password: str) -> Token:
        """Get a token, and use it from here on."""
        token = await self._send(login_call.login(user_name, password))
        self.token = token.token
        return token

    async def list_container(
        self,
        *,
        prefix: str | None = None,
        marker: str | None = None,
        limit: int | None = None,
    ) -> ContainerPage:
        """One page of the account's containers. It may be empty and not be the last."""
        return await self._send(
            containers.list_container(prefix=prefix, marker=marker, limit=limit)
        )

    async def create_container(
        self, container: str, *, storage_policy: str | None = None
    ) -> Container:
        """Make a container, or find that it is there already."""
        return await self._send(
            containers.create_container(container, storage_policy=storage_policy)
        )

    async def delete_container(self, container: str) -> None:
        """Remove a container that holds no objects."""
        await self._send(containers.delete_container(container))

    async def list_object(
        self,
        container: str,
        *,
        prefix: str | None = None,
        delimiter: str | None = None,
        marker: str | None = None,
        limit: int | None = None,
    ) -> ObjectPage:
        """One page of a container's objects. It may be empty and not be the last."""
        return await self._send(
            objects.list_object(
                container, prefix=prefix, delimiter=delimiter, marker=marker, limit=limit
            )
        )

    async def create_object(
        self,
        container: str,
        name: str,
        content: Content,
        *,
        content_type: str = OCTET_STREAM,
        metadata: Mapping[str, str] | None = None,
        prefer: str | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
        storage_policy: str | None = None,
    ) -> Written:
        """Make an object of ``content``, that of an ``AsyncIterable`` too."""
        if not isinstance(content, bytes) or len(content) > LARGEST_CALL:
            async with self._working() as worker:
                return await worker.do(
                    lambda: worker.client.create_object(
                        container,
                        name,
                        worker.content(content),
                        content_type=content_type,
                        metadata=metadata,
                        prefer=prefer,
                        if_match=if_match,
                        if_none_match=if_none_match,
                        storage_policy=storage_policy,
                    )
                )
        return await self._send(
            objects.write_object(
                "POST",
                container,
                name,
                content,
                content_type=content_type,
                metadata=metadata or {},
                prefer=prefer,
                if_match=if_match,
                if_none_match=if_none_match,
                storage_policy=storage_policy,
            )
        )

    async def update_object(
        self,
        container: str,
        name: str,
        content: Content,
        *,
        content_type: str = OCTET_STREAM,
        metadata: Mapping[str, str] | None = None,
        prefer: str | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
        storage_policy: str | None = None,
    ) -> Written:
        """Give an object new content, type and metadata."""
        if not isinstance(content, bytes) or len(content) > LARGEST_CALL:
            async with self._working() as worker:
                return await worker.do(
                    lambda: worker.client.update_object(
                        container,
                        name,
                        worker.content(content),
                        content_type=content_type,
                        metadata=metadata,
                        prefer=prefer,
                        if_match=if_match,
                        if_none_match=if_none_match,
                        storage_policy=storage_policy,
                    )
                )
        return await self._send(
            objects.write_object(
                "PUT",
                container,
                name,
                content,
                content_type=content_type,
                metadata=metadata or {},
                prefer=prefer,
                if_match=if_match,
                if_none_match=if_none_match,
                storage_policy=storage_policy,
            )
        )

    async def stat_object(
        self, container: str, name: str, *, wait: int | None = None
    ) -> ObjectStat:
        """What an object is, with every replica of it."""
        return await self._send(objects.stat_object(container, name, wait=wait))

    async def locate_object(self, container: str, name: str) -> ObjectPlacement:
        """Where an object is, where its next version would be, and why. It need not exist."""
        return await self._send(objects.locate_object(container, name))

    async def download_object(
        self,
        container: str,
        name: str,
        *,
        range_: str | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Download:
        """An object's bytes, checked against their SHA-256 if they are whole.

        Parameters
        ----------
        range_
            As in HTTP: ``"bytes=0-99"``.

        Raises
        ------
        NotModified
            The object has an ETag that ``if_none_match`` names.
        """
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

    async def delete_object(
        self, container: str, name: str, *, prefer: str | None = None, if_match: str | None = None
    ) -> bool:
        """Remove an object; True if that is done, False if it is taken and under way."""
        return await self._send(
            objects.delete_object(container, name, prefer=prefer, if_match=if_match)
        )

    async def all_containers(self, *, prefix: str | None = None) -> AsyncIterator[Container]:
        """The account's containers, page by page."""
        marker = None
        while True:
            page = await self.list_container(prefix=prefix, marker=marker)
            for one in page.containers:
                yield one
            marker = page.next_marker
            if marker is None:
                return

    async def all_objects(
        self, container: str, *, prefix: str | None = None
    ) -> AsyncIterator[ListedObject]:
        """A container's objects, page by page."""
        marker = None
        while True:
            page = await self.list_object(container, prefix=prefix, marker=marker)
            for one in page.objects:
                yield one
            marker = page.next_marker
            if marker is None:
                return

    async def watch_object(
        self, container: str, name: str, *, timeout: float = 60.0, look: int | None = None
    ) -> AsyncIterator[ObjectStat]:
        """What an object is, each time that it changes, until nothing is under way for it.

        It ends without an object that is settled if there is no such object (any more).

        Parameters
        ----------
        timeout
            Seconds.

        Raises
        ------
        NotSettled
        """
        deadline = self._clock.now() + timeout
        pause = FIRST_PAUSE
        seen = None
        while True:
            left = max(1, int(deadline - self._clock.now()))
            try:
                stat = await self.stat_object(
                    container, name, wait=None if look is None else min(look, left)
                )
            except ObjectNotFound:
                return
            if stat != seen:
                yield stat
                seen = stat
            if stat.settled:
                return
            if self._clock.now() + pause > deadline:
                raise NotSettled(f"Object {name!r} is {stat.state} after {timeout:g} seconds.")
            await self._clock.sleep_async(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def wait_until_settled(
        self, container: str, name: str, *, timeout: float = 60.0
    ) -> ObjectStat | None:
        """Wait until nothing is under way for an object.

        Parameters
        ----------
        timeout
            Seconds.

        Returns
        -------
        The object, CREATED or FAILED; None if there is no such object (any more).

        Raises
        ------
        NotSettled
        """
        last = None
        async for stat in self.watch_object(container, name, timeout=timeout, look=LONGEST_LOOK):
            last = stat
        return last if last is not None and last.settled else None

    async def _send(self, call: Call[Result]) -> Result:
        attempts = Attempts(call, self._entry_points, self._retries)
        while True:
            try:
                return attempts.read(await self._http.send(attempts.request(self.token)))
            except (httpx.TransportError, McosError) as error:
                pause = attempts.pause_after(error)
            if pause:
                await self._clock.sleep_async(pause)

    def _worker(self) -> Worker:
        bridge = BridgeTransport(self._http, asyncio.get_running_loop())
        client = Client(
            self._entry_points.urls,
            self.token,
            timeout=self._timeout,
            transport=bridge,
            retries=self._retries,
            clock=self._clock,
        )
        return Worker(client, bridge)
