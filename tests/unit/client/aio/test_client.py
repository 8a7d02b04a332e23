"""The client for asyncio is the client, with coroutines."""

import asyncio
import inspect

import httpx
import pytest

from mcos_client import AsyncClient, Client, ObjectNotFound, Unreachable
from tests.unit.client.client_clock import ClientClock
from tests.unit.client.conftest import RECORDER, Gateway
from tests.unit.client.sending.test_attempts import answer, done, lost, problem
from tests.unit.client.test_client import stat


def test_both_are_made_alike() -> None:
    def defaults(kind: type) -> dict[str, object]:
        return {one.name: one.default for one in inspect.signature(kind).parameters.values()}

    assert defaults(AsyncClient) == defaults(Client)


def test_calls_are_made_and_sent_again(gateway: Gateway, clock: ClientClock) -> None:
    async def use() -> None:
        transport = httpx.MockTransport(gateway)
        async with AsyncClient(
            RECORDER, "t", transport=transport, retries=1, clock=clock
        ) as client:
            answer(gateway, lost, done)
            assert [one.name async for one in client.all_containers()] == ["c"]
            answer(gateway, lost)
            with pytest.raises(Unreachable):
                await client.create_object("c", "o", b"1")
            answer(gateway, problem(404, "object_not_found"))
            with pytest.raises(ObjectNotFound):
                await client.stat_object("c", "o")
            await client.close()

    asyncio.run(use())
    assert len(clock.pauses) == 1
    assert gateway.requests[0].headers["authorization"] == "Bearer t"


def test_waits_until_an_object_is_settled(gateway: Gateway, clock: ClientClock) -> None:
    replies = iter([stat("CREATING"), stat("CREATED")])
    gateway.reply = lambda request: next(replies)

    async def wait() -> str:
        transport = httpx.MockTransport(gateway)
        async with AsyncClient(RECORDER, transport=transport, clock=clock) as client:
            settled = await client.wait_until_settled("c", "o")
            assert settled is not None
            return settled.state

    assert asyncio.run(wait()) == "CREATED"
