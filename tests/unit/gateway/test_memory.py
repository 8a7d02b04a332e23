"""Bytes flow: what a client sends faster than it is stored waits on its connection, not here."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from mcos_client.errors import StorageRefused
from mcos_serve.body import Body
from mcos_serve.operations.writing import _AHEAD, PARALLEL, _Parts
from mcos_serve.s3.content import Expected

PIECE = 64 * 1024
PART = 16 * PIECE
SIZE = 10 * PART + 1000


@dataclass
class _Part:
    number: int
    url: str


@dataclass
class _Upload:
    upload: str = "id"
    parts: tuple[_Part, ...] = tuple(_Part(number, str(number)) for number in range(1, 12))


@dataclass
class Storage:
    """Stores parts no faster than it is let, and fails as it is told."""

    gate: asyncio.Semaphore
    fails_at: int = 0
    confirmed: asyncio.Event = field(default_factory=asyncio.Event)
    taken: int = 0
    stored: dict[int, int] = field(default_factory=dict)
    under_way: int = 0
    most_under_way: int = 0

    async def ask(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        return await work(self)

    async def send_part(self, url: str, pieces: AsyncIterator[bytes], size: int) -> str:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        count = 0
        async for piece in pieces:
            await self.gate.acquire()
            if int(url) == self.fails_at:
                raise StorageRefused("No.")
            self.taken += len(piece)
            count += len(piece)
        assert count == size
        await self.confirmed.wait()
        self.under_way -= 1
        self.stored[int(url)] = size
        return ""


@dataclass
class _Exchange:
    account: Storage


class Sender:
    """Sends as fast as it is read."""

    def __init__(self) -> None:
        self.sent = 0

    async def __call__(self) -> Mapping[str, Any]:
        size = min(PIECE, SIZE - self.sent)
        self.sent += size
        await asyncio.sleep(0)
        return {"type": "http.request", "body": bytes(size), "more_body": self.sent < SIZE}


async def settle() -> None:
    """Let all go on that can."""
    for _ in range(200):
        await asyncio.sleep(0)


async def send(storage: Storage, sender: Sender) -> None:
    parts = _Parts(_Exchange(storage), _Upload(), SIZE, PART)  # type: ignore[arg-type]
    try:
        async for piece in Body(sender, Expected(size=SIZE)).pieces():
            await parts.send(piece)
        await parts.finish()
    finally:
        await parts.stop()


def test_no_more_is_held_than_a_few_pieces() -> None:
    async def work() -> None:
        storage, sender = Storage(asyncio.Semaphore(0)), Sender()
        storage.confirmed.set()
        sending = asyncio.create_task(send(storage, sender))
        held = 0
        while not sending.done():
            await settle()
            held = max(held, sender.sent - storage.taken)
            storage.gate.release()
        await sending
        # What waits for each connection, one that is on it, and one before and in hand.
        assert held <= ((_AHEAD + 1) * PARALLEL + 2) * PIECE < PART
        assert storage.stored == {**dict.fromkeys(range(1, 11), PART), 11: 1000}

    asyncio.run(work())


def test_so_many_parts_wait_to_be_confirmed_and_no_more() -> None:
    async def work() -> None:
        storage, sender = Storage(asyncio.Semaphore(10_000)), Sender()
        sending = asyncio.create_task(send(storage, sender))
        for _ in range(20):
            await settle()
        assert not sending.done()
        assert storage.most_under_way == PARALLEL
        assert storage.taken <= PARALLEL * PART
        storage.confirmed.set()
        await sending
        assert len(storage.stored) == 11

    asyncio.run(work())


@pytest.mark.parametrize("fails_at", [1, 3, 11])
def test_a_part_that_fails_ends_all_of_them(fails_at: int) -> None:
    async def work() -> None:
        storage = Storage(asyncio.Semaphore(10_000), fails_at=fails_at)
        storage.confirmed.set()
        async with asyncio.timeout(30):
            with pytest.raises(StorageRefused):
                await send(storage, Sender())

    asyncio.run(work())
