"""Calls of entry points come in turns, so that a burst starts few processes of functions."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from clouds.servers.turns import InTurns

CALL = "/restapis/one/$default/_user_request_/v1/containers/a/objects/b"
OTHER = "/2015-03-31/functions/put_replica/invocations"


class Emulator:
    """Holds every request until it is told to answer.

    Attributes
    ----------
    at_work
        Names of the requests that it has now.
    """

    def __init__(self) -> None:
        self.at_work: list[str] = []
        self._answers: dict[str, asyncio.Event] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        name = scope["name"]
        self.at_work.append(name)
        self._answers[name] = asyncio.Event()
        await self._answers[name].wait()
        self.at_work.remove(name)
        if name.startswith("bad"):
            raise ValueError(name)

    def answer(self, name: str) -> None:
        """Let a request be answered."""
        self._answers[name].set()


def request(name: str, method: str = "POST", path: str = CALL, **more: Any) -> dict[str, Any]:
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": []}
    return {**scope, "name": name, **more}


def send(app: InTurns, *requests: dict[str, Any]) -> list[asyncio.Task[None]]:
    """Send requests, in this order."""

    async def nothing(*_: Any) -> None: ...

    async def serve(scope: dict[str, Any]) -> None:
        await app(scope, nothing, nothing)

    return [asyncio.create_task(serve(one)) for one in requests]


async def settle() -> None:
    """Let everything happen that can."""
    for _ in range(20):
        await asyncio.sleep(0)


def story(tell: Callable[[Emulator], Awaitable[None]]) -> None:
    asyncio.run(tell(Emulator()))  # type: ignore[arg-type]


def test_so_many_calls_are_at_work_and_the_others_follow_in_their_order() -> None:
    async def tell(emulator: Emulator) -> None:
        calls = send(InTurns(emulator, at_a_time=2), *(request(f"w{n}") for n in range(5)))
        await settle()
        assert emulator.at_work == ["w0", "w1"]
        emulator.answer("w1")
        await settle()
        assert emulator.at_work == ["w0", "w2"]
        for name in ("w0", "w2", "w3", "w4"):
            emulator.answer(name)
            await settle()
        await asyncio.gather(*calls)

    story(tell)


def test_calls_that_read_do_not_wait_for_calls_that_write() -> None:
    async def tell(emulator: Emulator) -> None:
        app = InTurns(emulator, at_a_time=1)
        calls = send(app, request("w0"), request("w1"), request("r0", "GET"), request("r1", "HEAD"))
        await settle()
        assert emulator.at_work == ["w0", "r0"]
        for name in ("w0", "r0", "w1", "r1"):
            emulator.answer(name)
            await settle()
        await asyncio.gather(*calls)

    story(tell)


def test_a_call_that_fails_leaves_its_turn_to_the_next() -> None:
    async def tell(emulator: Emulator) -> None:
        failing, following = send(InTurns(emulator, at_a_time=1), request("bad"), request("next"))
        await settle()
        emulator.answer("bad")
        await settle()
        assert emulator.at_work == ["next"]
        emulator.answer("next")
        with pytest.raises(ValueError, match="bad"):
            await failing
        await following

    story(tell)


def test_a_call_that_takes_long_holds_up_the_others_for_so_long_and_counts_once() -> None:
    async def tell(emulator: Emulator) -> None:
        app = InTurns(emulator, at_a_time=1, seconds=0.0)
        calls = send(app, request("long"))
        await settle()
        following = InTurns(emulator, at_a_time=1, seconds=3600.0)
        following.turns = app.turns
        calls += send(following, request("next"), request("last"))
        await settle()
        assert emulator.at_work == ["long", "next"]
        emulator.answer("long")
        await settle()
        assert emulator.at_work == ["next"]
        emulator.answer("next")
        await settle()
        emulator.answer("last")
        await asyncio.gather(*calls)

    story(tell)


@pytest.mark.parametrize(
    "one",
    [
        request("other", path=OTHER),
        request("other", query_string=b"wait=25"),
        request("other", headers=[(b"prefer", b"wait=25")]),
    ],
)
def test_what_is_no_call_or_asks_to_wait_takes_no_turn(one: dict[str, Any]) -> None:
    async def tell(emulator: Emulator) -> None:
        calls = send(InTurns(emulator, at_a_time=1), request("w0"), one)
        await settle()
        assert emulator.at_work == ["w0", "other"]
        emulator.answer("w0")
        emulator.answer("other")
        await asyncio.gather(*calls)

    story(tell)


def test_what_is_no_request_is_handed_on() -> None:
    async def tell(emulator: Emulator) -> None:
        (task,) = send(InTurns(emulator), {"type": "lifespan", "name": "lifespan"})
        await settle()
        emulator.answer("lifespan")
        await task

    story(tell)
