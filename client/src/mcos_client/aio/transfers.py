"""The calls of ``AsyncClient`` that are more than one: those of ``Client``, in threads."""

import asyncio
import os
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from io import SEEK_SET, BufferedReader
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self, TypeVar

from mcos_client.aio.bridge import BridgeTransport
from mcos_client.api import uploads
from mcos_client.api.call import Call, Result
from mcos_client.api.models import Downloaded, Written
from mcos_client.api.uploads import BeginAction, Digest, Upload, UploadPage
from mcos_client.transfer.journal import Journal
from mcos_client.transfer.progress import OnProgress
from mcos_client.transfer.source import PIECE, Content
from mcos_client.transfer.upload import PARALLEL, Action
from mcos_client.transfers import OCTET_STREAM

if TYPE_CHECKING:
    from mcos_client.client import Client

Done = TypeVar("Done")


class Worker:
    """A thread with a client of its own, whose requests the loop sends.

    Cancelled while it waits, it ends what the thread does before it goes on.
    """

    def __init__(self, client: "Client", bridge: BridgeTransport) -> None:
        self.client = client
        self.bridge = bridge
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="mcos-transfer")

    async def do(self, work: Callable[[], Done]) -> Done:
        """What ``work`` gives, from the thread."""
        running = asyncio.get_running_loop().run_in_executor(self._pool, work)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            self.stop()
            await asyncio.wait([running])
            raise

    def content(self, content: Content) -> Content:
        """``content`` as a thread can read it."""
        return self.bridge.iterate(content) if isinstance(content, AsyncIterable) else content

    def stop(self) -> None:
        self.client.stop_transfers()
        self.bridge.stop()

    def close(self) -> None:
        self._pool.shutdown(wait=False)
        self.bridge.close()


class AsyncObjectFile:
    """An object, read like a file; ``Client.open_object`` says more."""

    def __init__(self, worker: Worker, file: BufferedReader) -> None:
        self._worker = worker
        self._file = file

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes, all that are left if it is negative."""
        return await self._worker.do(lambda: self._file.read(size))

    async def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        """Go to a position."""
        return await self._worker.do(lambda: self._file.seek(offset, whence))

    async def close(self) -> None:
        """Let go of it."""
        await self._worker.do(self._file.close)
        self._worker.close()


class AsyncTransfers:
    """What ``AsyncClient`` can do beside single calls; ``Transfers`` says what it is."""

    _workers: set[Worker]

    async def _send(self, call: Call[Result]) -> Result:
        raise NotImplementedError

    def _worker(self) -> Worker:
        """A thread of its own."""
        raise NotImplementedError

    @asynccontextmanager
    async def _working(self) -> AsyncIterator[Worker]:
        worker = self._worker()
        self._workers.add(worker)
        try:
            yield worker
        finally:
            self._workers.discard(worker)
            worker.close()

    async def upload(
        self,
        container: str,
        name: str,
        content: Content,
        *,
        action: Action = "create",
        content_type: str = OCTET_STREAM,
        metadata: Mapping[str, str] | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
        storage_policy: str | None = None,
        part_size: int | None = None,
        expires_in: int | None = None,
        parallel: int = PARALLEL,
        on_progress: OnProgress | None = None,
        journal: Journal | None = None,
        resume: str | None = None,
    ) -> Written:
        """Store content of any size, that of an ``AsyncIterable`` too."""
        async with self._working() as worker:
            return await worker.do(
                lambda: worker.client.upload(
                    container,
                    name,
                    worker.content(content),
                    action=action,
                    content_type=content_type,
                    metadata=metadata,
                    if_match=if_match,
                    if_none_match=if_none_match,
                    storage_policy=storage_policy,
                    part_size=part_size,
                    expires_in=expires_in,
                    parallel=parallel,
                    on_progress=on_progress,
                    journal=journal,
                    resume=resume,
                )
            )

    async def download_to(
        self,
        container: str,
        name: str,
        target: os.PathLike[str] | BinaryIO,
        *,
        if_match: str | None = None,
        parallel: int = PARALLEL,
        on_progress: OnProgress | None = None,
    ) -> Downloaded:
        """Download an object of any size into a file, or into what is open for writing."""
        async with self._working() as worker:
            return await worker.do(
                lambda: worker.client.download_to(
                    container,
                    name,
                    target,
                    if_match=if_match,
                    parallel=parallel,
                    on_progress=on_progress,
                )
            )

    async def open_object(
        self, container: str, name: str, *, if_match: str | None = None
    ) -> AsyncObjectFile:
        """An object of any size as a file that can be read and sought."""
        worker = self._worker()
        try:
            file = await worker.do(
                lambda: worker.client.open_object(container, name, if_match=if_match)
            )
        except BaseException:
            worker.close()
            raise
        return AsyncObjectFile(worker, file)

    async def stream_object(
        self, container: str, name: str, *, if_match: str | None = None
    ) -> AsyncIterator[bytes]:
        """An object's bytes, piece by piece; the last comes when all have been checked."""
        async with await self.open_object(container, name, if_match=if_match) as file:
            while piece := await file.read(PIECE):
                yield piece

    async def read_range(
        self, container: str, name: str, first: int, end: int, *, etag: str, version: str
    ) -> bytes:
        """Bytes ``first`` to ``end``, exclusive, of a version that ``stat_object`` told of."""
        async with self._working() as worker:
            return await worker.do(
                lambda: worker.client.read_range(
                    container, name, first, end, etag=etag, version=version
                )
            )

    async def stop_transfers(self) -> None:
        """Make the transfers of this client that other tasks wait for end: ``TransferStopped``."""
        for worker in tuple(self._workers):
            worker.stop()

    async def begin_upload(
        self,
        container: str,
        name: str,
        *,
        action: BeginAction = "create",
        size: int | None = None,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
        storage_policy: str | None = None,
        part_size: int | None = None,
        expires_in: int | None = None,
        digest: Digest | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Upload:
        """Get signed URLs to which a content can be sent; ``upload`` does all of it."""
        return await self._send(
            uploads.begin_upload(
                container,
                name,
                action=action,
                size=size,
                content_type=content_type,
                metadata=metadata,
                storage_policy=storage_policy,
                part_size=part_size,
                expires_in=expires_in,
                digest=digest,
                if_match=if_match,
                if_none_match=if_none_match,
            )
        )

    async def stat_upload(
        self, upload: str, *, marker: str | None = None, limit: int | None = None
    ) -> Upload:
        """An upload, which of its parts are there, and fresh URLs for them."""
        return await self._send(uploads.stat_upload(upload, marker=marker, limit=limit))

    async def list_upload(
        self, *, marker: str | None = None, limit: int | None = None
    ) -> UploadPage:
        """One page of the account's uploads. It may be empty and not be the last."""
        return await self._send(uploads.list_upload(marker=marker, limit=limit))

    async def complete_upload(self, upload: str, *, digest: Digest | None = None) -> Written:
        """Make a version of what an upload has received. May be repeated."""
        return await self._send(uploads.complete_upload(upload, digest=digest))

    async def abort_upload(self, upload: str) -> None:
        """Forget an upload and all that was received of it."""
        await self._send(uploads.abort_upload(upload))

    async def all_uploads(self) -> AsyncIterator[Upload]:
        """The account's uploads, page by page, without their parts."""
        marker = None
        while True:
            page = await self.list_upload(marker=marker)
            for one in page.uploads:
                yield one
            marker = page.next_marker
            if marker is None:
                return
