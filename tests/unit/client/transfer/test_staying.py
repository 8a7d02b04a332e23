"""Transfers that take longer than a token is good."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from mcos.limits import TOKEN_SECONDS
from mcos_client import AsyncClient, Client
from mcos_client.sending.tokens import RENEW_AFTER
from tests.unit.client.client_clock import ClientClock
from tests.unit.client.storage_services import Streamed
from tests.unit.client.system import ENTRY_POINT, System

PIECE = 1024**2
CONTENT = bytes(range(256)) * (6 * PIECE // 256)


@pytest.fixture
def slow(system: System, clock: ClientClock) -> Callable[..., None]:
    """Makes every piece take a while, on both sides."""
    system.add_account()

    def moved(*progress: object) -> None:
        clock.seconds += RENEW_AFTER
        system.server_clock.freeze(RENEW_AFTER)

    return moved


def renewals(system: System) -> int:
    return sum(one.url.path.endswith("/v1/token") for one in system.requests)


@pytest.mark.parametrize("part_size", [None, PIECE], ids=["one piece", "parts"])
def test_an_upload_that_takes_longer_than_a_token_is_good_is_completed(
    user: Client, system: System, slow: Callable[..., None], part_size: int | None
) -> None:
    assert len(CONTENT) // PIECE * RENEW_AFTER > TOKEN_SECONDS
    user.upload("c", "o", CONTENT, part_size=part_size, parallel=1, on_progress=slow)
    assert system.received("o") == CONTENT
    assert 5 <= renewals(system) <= 8


def test_an_upload_of_a_coroutine_is_completed_too(
    system: System, user: Client, clock: ClientClock, slow: Callable[..., None]
) -> None:
    async def upload() -> None:
        transport = httpx.MockTransport(system)
        async with AsyncClient(
            ENTRY_POINT, system.token, transport=transport, clock=clock
        ) as client:
            await client.upload("c", "o", CONTENT, on_progress=slow)
            assert client.token != system.token
            assert (await client.stat_object("c", "o")).size == len(CONTENT)

    asyncio.run(upload())
    assert system.received("o") == CONTENT


def test_a_download_that_breaks_after_longer_than_a_token_is_good_goes_on(
    user: Client, system: System, slow: Callable[..., None], tmp_path: Path
) -> None:
    user.upload("c", "o", CONTENT)
    system.work()
    broken: list[httpx.Request] = []

    def break_once(request: httpx.Request) -> httpx.Response | None:
        if broken or request.method != "GET":
            return None
        broken.append(request)
        system.storage.expire()
        headers = {"content-length": str(len(CONTENT))}
        return httpx.Response(
            200, headers=headers, stream=Streamed(CONTENT, after=5 * PIECE, piece=PIECE)
        )

    system.storage.instead = break_once
    with (tmp_path / "o").open("wb") as file:
        user.download_to("c", "o", file, parallel=1, on_progress=slow)
    assert (tmp_path / "o").read_bytes() == CONTENT
    assert broken
    assert renewals(system) >= 4
