"""PutObject: in one call if that carries it, else in parts, as it comes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from math import ceil

from mcos_client import Upload, Written
from mcos_client.api import objects
from mcos_client.api.writing import IfThere
from mcos_client.errors import McosError, ObjectNotFound, StorageUnreachable, Superseded
from mcos_serve.acknowledge import until_readable
from mcos_serve.exchange import Exchange, Reply
from mcos_serve.s3 import conditions, facts
from mcos_serve.s3.content import LARGEST_CONTENT
from mcos_serve.s3.errors import S3Error

PART = 16 * 1024**2
"""Bytes of the parts in which one PUT goes on."""

PARALLEL = 4
"""Parts of one PUT whose storage has not been confirmed yet; bytes come for one at a time."""

_AHEAD = 2
"""Pieces that wait for the connection of their part, each of some ten to hundred KiB."""


async def put_object(exchange: Exchange) -> Reply:
    """PUT /bucket/key"""
    size = exchange.body.expected.size
    if size is None:
        raise S3Error("MissingContentLength", "You must provide the Content-Length HTTP header.")
    if size > LARGEST_CONTENT:
        raise S3Error(
            "EntityTooLarge",
            "Your proposed upload exceeds the maximum allowed size",
            details={"ProposedSize": str(size), "MaxSizeAllowed": str(LARGEST_CONTENT)},
        )
    put = _at_once if size <= objects.LARGEST_CALL else _in_parts
    etag = await put(exchange, size)
    return Reply(200, {"etag": etag, **exchange.body.checksums})


async def _at_once(exchange: Exchange, size: int) -> str:
    request, how = exchange.request, facts.read(exchange.request)
    if_match, must_be_new = conditions.writing(request.headers)
    content = await exchange.body.whole(objects.LARGEST_CALL)
    prefer = "wait=25" if exchange.settings.ack == "replicated" else "respond-async"
    if_there: IfThere = "refuse" if must_be_new else "replace"
    try:
        written = await exchange.account.ask(
            lambda mcos: (
                mcos.put_object(
                    request.bucket,
                    request.key,
                    content,
                    if_there=if_there,
                    content_type=how.content_type,
                    metadata=how.metadata,
                    headers=how.headers,
                    prefer=prefer,
                )
                if if_match is None
                else mcos.update_object(
                    request.bucket,
                    request.key,
                    content,
                    content_type=how.content_type,
                    metadata=how.metadata,
                    headers=how.headers,
                    prefer=prefer,
                    if_match=if_match,
                )
            )
        )
    except Superseded:
        # It was accepted, and another one after it.
        return f'"{exchange.body.incoming.digests.digest("md5").hex()}"'
    if exchange.settings.ack == "replicated" and written.state != "CREATED":
        await until_readable(exchange, written)
    return written.etag


async def _in_parts(exchange: Exchange, size: int) -> str:
    request, how = exchange.request, facts.read(exchange.request)
    if_match, must_be_new = conditions.writing(request.headers)
    part_size = max(PART, ceil(size / 10_000))
    upload = await exchange.account.ask(
        lambda mcos: mcos.begin_upload(
            request.bucket,
            request.key,
            action="create" if must_be_new else "put" if if_match is None else "update",
            size=size,
            content_type=how.content_type,
            metadata=how.metadata,
            headers=how.headers,
            part_size=part_size,
            if_match=if_match,
            if_none_match="*" if must_be_new else None,
        )
    )
    try:
        parts = _Parts(exchange, upload, size, part_size)
        try:
            async for piece in exchange.body.pieces():
                await parts.send(piece)
            await parts.finish()
        finally:
            await parts.stop()
        # Said now: what the client has sent was checked, and nobody has seen anything of it.
        digests = exchange.body.incoming.digests
        said = {"md5": digests.text("md5"), "sha-256": digests.text("sha256")}
        written = await complete(exchange, upload.upload, said)
    except BaseException:
        await give_up(exchange, upload.upload)
        raise
    await until_readable(exchange, written)
    return written.etag


async def complete(exchange: Exchange, upload: str, digest: dict[str, str]) -> Written:
    """Complete an upload."""
    return await exchange.account.ask(lambda mcos: mcos.complete_upload(upload, digest=digest))


async def give_up(exchange: Exchange, upload: str) -> None:
    """Abort an upload, whatever becomes of the request: what is left of it would take space."""

    async def abort() -> None:
        with suppress(McosError, S3Error):
            await exchange.account.ask(lambda mcos: mcos.abort_upload(upload))

    await asyncio.shield(asyncio.ensure_future(abort()))


class _Parts:
    """The parts of one upload: each is sent as its bytes come."""

    def __init__(self, exchange: Exchange, upload: Upload, size: int, part_size: int) -> None:
        self._exchange = exchange
        self._upload = upload
        self._left = size
        self._part_size = part_size
        self._urls = {part.number: part.url for part in upload.parts}
        self._number = 0
        self._room = 0
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(_AHEAD)
        self._sending: asyncio.Task[None] | None = None
        self._confirming: set[asyncio.Task[None]] = set()

    async def send(self, content: bytes) -> None:
        """Send what comes next.

        Raises
        ------
        McosError
            What was sent before could not be stored.
        """
        rest = memoryview(content)
        while rest:
            if not self._room:
                await self._begin()
            taken = bytes(rest[: self._room])
            rest = rest[len(taken) :]
            self._room -= len(taken)
            await self._put(taken)
            if not self._room:
                await self._put(None)

    async def finish(self) -> None:
        """Wait until all parts are stored.

        Raises
        ------
        McosError
        """
        await self._confirmed(0)

    async def stop(self) -> None:
        """End what is under way."""
        for task in self._confirming:
            task.cancel()
        await asyncio.gather(*self._confirming, return_exceptions=True)

    async def _begin(self) -> None:
        await self._confirmed(PARALLEL - 1)
        self._number += 1
        self._room = min(self._part_size, self._left)
        self._left -= self._room
        self._queue = asyncio.Queue(_AHEAD)
        url = await self._url(self._number)
        self._sending = asyncio.create_task(self._store(url, self._queue, self._room))
        self._confirming.add(self._sending)

    async def _store(self, url: str, queue: asyncio.Queue[bytes | None], size: int) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            while (piece := await queue.get()) is not None:
                yield piece

        await self._exchange.account.ask(lambda mcos: mcos.send_part(url, pieces(), size))

    async def _url(self, number: int) -> str:
        if number not in self._urls:
            upload = self._upload.upload
            page = await self._exchange.account.ask(
                lambda mcos: mcos.stat_upload(upload, marker=str(number - 1), limit=100)
            )
            self._urls = {part.number: part.url for part in page.parts}
        if number not in self._urls:
            raise ObjectNotFound("The upload has ended.")
        return self._urls[number]

    async def _put(self, piece: bytes | None) -> None:
        """Hand a piece to the part that is being sent, which may have failed."""
        if self._sending is None:
            raise AssertionError("a part is begun before it gets anything")
        if not self._queue.full():
            self._queue.put_nowait(piece)
            return
        putting = asyncio.ensure_future(self._queue.put(piece))
        await asyncio.wait({putting, self._sending}, return_when=asyncio.FIRST_COMPLETED)
        if not putting.done():
            putting.cancel()
            await self._sending
            raise StorageUnreachable("The storage service has not read all of a part.")

    async def _confirmed(self, most: int) -> None:
        """Wait until at most so many parts are under way."""
        while len(self._confirming) > most:
            done, self._confirming = await asyncio.wait(
                self._confirming, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                await task
