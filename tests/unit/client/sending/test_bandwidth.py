"""Content goes no faster than it may, both ways, whichever way it takes; time is handed in."""

import asyncio
import threading
from pathlib import Path

import httpx
import pytest

from mcos_client import AsyncClient, Bandwidth, Client
from mcos_client.sending.bandwidth import Pace
from tests.unit.client.client_clock import ClientClock
from tests.unit.client.conftest import SMALL
from tests.unit.client.system import ENTRY_POINT, System

RATE = 1000


def paced(pace: Pace, clock: ClientClock, *pieces: bytes) -> list[tuple[float, bytes]]:
    """Each piece with the time at which it went."""
    return [(clock.now(), piece) for piece in pace.pieces(pieces)]


def test_bytes_are_spread_over_time_and_stay_the_same(clock: ClientClock) -> None:
    content = bytes(range(250)) * 12
    gone = paced(Pace(RATE, clock), clock, content[:1700], content[1700:])
    assert b"".join(piece for _, piece in gone) == content
    for begin in range(4):
        within = sum(len(piece) for at, piece in gone if begin <= at < begin + 1)
        assert within <= RATE + RATE // 8, begin  # a piece goes at once
    assert gone[-1][0] == pytest.approx(3.0, abs=0.125)


def test_time_in_which_nothing_went_is_not_made_up_for(clock: ClientClock) -> None:
    pace = Pace(RATE, clock)
    paced(pace, clock, bytes(500))
    clock.go_on(100)
    begun = clock.now()
    gone = paced(pace, clock, bytes(2000))
    assert gone[-1][0] - begun >= 1.8


def test_all_threads_together_keep_the_limit() -> None:
    class Standing(ClientClock):
        def sleep(self, seconds: float) -> None:
            self.pauses.append(seconds)

    clock = Standing()
    pace = Pace(RATE, clock)
    threads = [threading.Thread(target=lambda: list(pace.pieces([bytes(1000)]))) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    # By a clock that stands still, the last of 32 turns comes after the bytes of all others.
    assert sorted(clock.pauses) == pytest.approx([turn / 8 for turn in range(1, 32)])


@pytest.mark.parametrize("rate", [0, -1])
def test_a_limit_that_lets_nothing_through_is_refused(rate: int) -> None:
    with pytest.raises(ValueError, match="at least one byte"):
        Bandwidth(up=rate)


def limited(system: System, up: int | None = None, down: int | None = None) -> Client:
    bandwidth = Bandwidth(up=up, down=down, clock=system.clock)
    transport = httpx.MockTransport(system)
    return Client(
        ENTRY_POINT, system.token, transport=transport, clock=system.clock, bandwidth=bandwidth
    )


@pytest.mark.parametrize("size", [SMALL // 2, 3 * SMALL], ids=["by a call", "by a signed URL"])
def test_what_is_sent_and_received_keeps_its_limit(
    system: System, user: Client, tmp_path: Path, size: int
) -> None:
    content = bytes(range(250)) * (size // 250)
    with limited(system, up=RATE) as client:
        begun = system.clock.now()
        client.put_object("c", "o", content)
        assert system.clock.now() - begun >= size / RATE - 1
    assert system.stored() == {"o": content}
    with limited(system, down=2 * RATE) as client:
        begun = system.clock.now()
        client.download_to("c", "o", tmp_path / "o", parallel=1)
        took = system.clock.now() - begun
        assert size / RATE / 2 - 1 <= took < size / RATE
    assert (tmp_path / "o").read_bytes() == content


def test_without_a_limit_nothing_waits(clock: ClientClock) -> None:
    pace = Pace(None, clock)
    assert list(pace.pieces([bytes(10**7), b"x"])) == [bytes(10**7), b"x"]
    assert clock.pauses == []


def test_clients_that_share_a_limit_keep_it_together(system: System, user: Client) -> None:
    bandwidth = Bandwidth(up=RATE, clock=system.clock)
    begun = system.clock.now()
    for name in ("a", "b"):
        with Client(
            ENTRY_POINT,
            system.token,
            transport=httpx.MockTransport(system),
            clock=system.clock,
            bandwidth=bandwidth,
        ) as client:
            client.put_object("c", name, bytes(10 * RATE))
    assert system.clock.now() - begun >= 19


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("size", [SMALL // 2, 2 * SMALL], ids=["by a call", "by a signed URL"])
def test_coroutines_keep_it_too(system: System, size: int) -> None:
    content = bytes(range(250)) * (size // 250)
    bandwidth = Bandwidth(up=RATE, down=2 * RATE, clock=system.clock)

    async def work() -> tuple[float, float]:
        transport = httpx.MockTransport(system)
        async with AsyncClient(
            ENTRY_POINT,
            system.token,
            transport=transport,
            clock=system.clock,
            bandwidth=bandwidth,
        ) as client:
            begun = system.clock.now()
            await client.put_object("c", "o", content)
            sent = system.clock.now()
            await client.wait_until_settled("c", "o")
            asked = system.clock.now()
            assert (await client.download_object("c", "o")).content == content
            return sent - begun, system.clock.now() - asked

    up, down = asyncio.run(work())
    assert up >= size / RATE - 1
    assert size / RATE / 2 - 1 <= down < size / RATE
