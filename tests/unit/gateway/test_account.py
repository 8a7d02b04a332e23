"""The account is always logged in, once for all requests, and never again and again in vain."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from mcos_client import AsyncClient
from mcos_client.errors import InvalidCredentials, TokenExpired, Unreachable
from mcos_serve.account import REFUSED_SECONDS, Account
from mcos_serve.clock import Clock
from mcos_serve.s3.errors import S3Error


class StoppedClock(Clock):
    def __init__(self) -> None:
        self.seconds = 0.0

    def elapsed(self) -> float:
        return self.seconds


class Logins:
    """Gives tokens in turn, or fails as it is told."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.count = 0

    async def __call__(self, client: AsyncClient, /) -> None:
        self.count += 1
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)
        client.token = f"token-{self.count}"


async def token_of(client: AsyncClient) -> str | None:
    return client.token


def run(logins: Logins, work: Callable[[Account, StoppedClock], Awaitable[None]]) -> None:
    async def use() -> None:
        transport = httpx.MockTransport(lambda request: httpx.Response(500))
        client, clock = AsyncClient("http://mcos.test", transport=transport), StoppedClock()
        account = Account("ada", client, logins, clock)
        await work(account, clock)
        await account.close()

    asyncio.run(use())


def test_many_requests_log_in_once() -> None:
    logins = Logins()

    async def work(account: Account, clock: StoppedClock) -> None:
        assert await asyncio.gather(*(account.ask(token_of) for _ in range(20))) == ["token-1"] * 20

    run(logins, work)
    assert logins.count == 1


def test_a_session_that_ends_under_many_requests_is_begun_again_once() -> None:
    logins = Logins()

    async def refused_at_first(client: AsyncClient) -> str | None:
        if client.token == "token-1":
            raise TokenExpired("The token has expired.")
        return client.token

    async def work(account: Account, clock: StoppedClock) -> None:
        await account.ask(token_of)
        found = await asyncio.gather(*(account.ask(refused_at_first) for _ in range(20)))
        assert found == ["token-2"] * 20

    run(logins, work)
    assert logins.count == 2


def test_a_wrong_password_is_not_tried_with_every_request() -> None:
    logins = Logins(InvalidCredentials("no"))

    async def work(account: Account, clock: StoppedClock) -> None:
        for _ in range(5):
            with pytest.raises(S3Error) as caught:
                await account.ask(token_of)
            assert caught.value.code == "ServiceUnavailable"
        assert logins.count == 1
        clock.seconds += REFUSED_SECONDS
        assert await account.ask(token_of) == "token-2"

    run(logins, work)


def test_a_login_that_could_not_be_made_is_tried_by_the_next_request() -> None:
    logins = Logins(Unreachable("no"))

    async def work(account: Account, clock: StoppedClock) -> None:
        with pytest.raises(S3Error):
            await account.ask(token_of)
        assert await account.ask(token_of) == "token-2"

    run(logins, work)
