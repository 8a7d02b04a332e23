"""Content of any size by asyncio: the same bytes, on the loop's network; it can be cancelled."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from hashlib import md5
from pathlib import Path
from threading import Event

import httpx
import pytest

from mcos_client import AsyncClient, ContentCorrupted, Journal, ObjectChanged, TransferStopped
from mcos_client.api.models import Elsewhere
from tests.unit.client.conftest import SMALL
from tests.unit.client.storage_services import Streamed
from tests.unit.client.system import ENTRY_POINT, System

LARGE = os.urandom(SMALL + 1000)


def run(system: System, work: Callable[[AsyncClient], Awaitable[object]]) -> None:
    async def use() -> None:
        transport = httpx.MockTransport(system)
        async with AsyncClient(
            ENTRY_POINT, system.token, transport=transport, clock=system.clock
        ) as client:
            await client.create_container("c")
            async with asyncio.timeout(20) as limit:
                await work(client)
            # Who waits for a task that is cancelled takes the end of the time for its end.
            assert not limit.expired()

    asyncio.run(use())


async def pieces() -> AsyncIterator[bytes]:
    for first in range(0, len(LARGE), 5000):
        await asyncio.sleep(0)
        yield LARGE[first : first + 5000]


def test_all_ways_to_write_and_to_read(system: System, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(LARGE)

    async def work(client: AsyncClient) -> None:
        await client.create_object("c", "bytes", LARGE)
        await client.create_object("c", "path", file)
        await client.create_object("c", "pieces", pieces())
        await client.upload("c", "parts", pieces(), part_size=5000)
        await client.update_object("c", "bytes", pieces(), prefer="wait=10")
        for name in ("bytes", "path", "pieces", "parts"):
            await client.wait_until_settled("c", name)
            assert (await client.download_object("c", name)).content == LARGE
        found = await client.download_to("c", "parts", tmp_path / "back")
        assert (tmp_path / "back").read_bytes() == LARGE
        assert found.sha256 is not None
        assert b"".join([one async for one in client.stream_object("c", "parts")]) == LARGE
        async with await client.open_object("c", "parts") as opened:
            await opened.seek(-5, os.SEEK_END)
            assert await opened.read() == LARGE[-5:]
        ranged = await client.download_object("c", "parts", range_=f"bytes=5-{SMALL + 500}")
        assert ranged.content == LARGE[5 : SMALL + 501]

    run(system, work)
    assert system.stored() == dict.fromkeys(("bytes", "path", "pieces", "parts"), LARGE)


def test_uploads_are_listed_and_given_up(system: System) -> None:
    async def work(client: AsyncClient) -> None:
        upload = await client.begin_upload("c", "o", size=1)
        assert [one.upload async for one in client.all_uploads()] == [upload.upload]
        assert (await client.stat_upload(upload.upload)).state == "OPEN"
        await client.abort_upload(upload.upload)
        assert [one async for one in client.all_uploads()] == []

    run(system, work)


def test_damage_is_found(system: System) -> None:
    async def work(client: AsyncClient) -> None:
        await client.create_object("c", "o", LARGE)
        await client.wait_until_settled("c", "o")
        other = httpx.ByteStream(LARGE[::-1])
        system.storage.instead = lambda request: httpx.Response(200, stream=other)
        with pytest.raises(ContentCorrupted):
            await client.download_object("c", "o")

    run(system, work)


def test_the_loop_goes_on_while_content_is_sent(system: System) -> None:
    """A storage service that waits for the loop gets what it waits for."""
    turned = Event()

    async def work(client: AsyncClient) -> None:
        def read_slowly() -> Iterator[bytes]:
            yield LARGE[:-1]
            assert turned.wait(30)
            yield LARGE[-1:]

        sending = asyncio.create_task(client.upload("c", "o", read_slowly()))
        await client.create_container("d")
        turned.set()
        await sending

    run(system, work)
    assert system.stored() == {"o": LARGE}


@pytest.mark.parametrize("way", ["cancel", "stop_transfers"])
def test_an_upload_that_is_stopped_can_go_on(system: System, tmp_path: Path, way: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(LARGE)
    journal = Journal(tmp_path / "journal")

    async def work(client: AsyncClient) -> None:
        reached = asyncio.Event()
        hold = asyncio.Event()
        sent = 0
        real = client._http.send

        async def send(request: httpx.Request, **options: object) -> httpx.Response:
            nonlocal sent
            if request.method == "PUT" and system.storage.has(request.url):
                sent += 1
                if sent > 2:
                    reached.set()
                    await hold.wait()
            return await real(request, **options)  # type: ignore[arg-type]

        client._http.send = send  # type: ignore[method-assign]

        def upload() -> asyncio.Task[object]:
            return asyncio.create_task(
                client.upload("c", "o", file, part_size=5000, journal=journal)
            )

        sending = upload()
        await reached.wait()
        if way == "cancel":
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
        else:
            await client.stop_transfers()
            with pytest.raises(TransferStopped):
                await sending
        assert system.stored() == {}
        client._http.send = real  # type: ignore[method-assign]
        await upload()

    run(system, work)
    assert system.stored() == {"o": LARGE}
    assert set(system.storage.puts.values()) == {1}


def test_parts_go_and_ranges_come_without_a_thread(system: System) -> None:
    """For who has parts and ranges, and no files."""

    async def part(size: int) -> AsyncIterator[bytes]:
        yield LARGE[:size]

    async def work(client: AsyncClient) -> None:
        upload = await client.begin_upload("c", "o", action="put", part_size=5000)
        content = b""
        for number, size in enumerate((5000, 7, SMALL), start=1):
            url = upload.parts[number - 1].url
            digest = md5(LARGE[:size], usedforsecurity=False).digest()
            etag = await client.send_part(url, part(size), size, md5=digest)
            assert etag == f'"{digest.hex()}"'
            content += LARGE[:size]
        told = await client.stat_upload(upload.upload, limit=3)
        named = [(one.number, one.etag or "") for one in told.parts]
        assert [one.size for one in told.parts] == [5000, 7, SMALL]
        await client.complete_upload(upload.upload, parts=named)
        await client.wait_until_settled("c", "o")
        found = await client.find_content("c", "o", range_=f"bytes=10-{len(content) - 1}")
        assert isinstance(found, Elsewhere)
        failing = 2

        def break_it(request: httpx.Request) -> httpx.Response | None:
            nonlocal failing
            if request.method != "GET" or not failing:
                return None
            failing -= 1
            # The URL is too old; then some of it comes before the connection breaks.
            return httpx.Response(
                403 if failing else 206,
                headers={
                    "content-length": str(len(content) - 10),
                    "content-range": f"bytes 10-{len(content) - 1}/{len(content)}",
                },
                stream=Streamed(content[10:], after=8 * 1024),
            )

        system.storage.instead = break_it
        pieces = client.read_elsewhere("c", "o", found, 10, len(content))
        assert b"".join([one async for one in pieces]) == content[10:]
        assert failing == 0
        few = client.read_elsewhere("c", "o", found, 20, 30)
        assert b"".join([one async for one in few]) == content[20:30]

    run(system, work)


def test_a_part_that_breaks_off_is_not_stored(system: System) -> None:
    class Gone(Exception):
        pass

    async def part() -> AsyncIterator[bytes]:
        yield LARGE[:100]
        raise Gone

    async def work(client: AsyncClient) -> None:
        upload = await client.begin_upload("c", "o", action="put", part_size=5000)
        with pytest.raises(Gone):
            await client.send_part(upload.parts[0].url, part(), 5000)
        told = await client.stat_upload(upload.upload, limit=1)
        assert told.parts[0].etag is None

    run(system, work)


def test_a_read_goes_on_with_no_other_version(system: System) -> None:
    async def work(client: AsyncClient) -> None:
        await client.upload("c", "o", LARGE)
        await client.wait_until_settled("c", "o")
        found = await client.find_content("c", "o")
        assert isinstance(found, Elsewhere)
        system.replace("o", LARGE[1:])
        system.storage.expire()
        with pytest.raises(ObjectChanged):
            _ = [one async for one in client.read_elsewhere("c", "o", found, 0, len(LARGE))]

    run(system, work)
