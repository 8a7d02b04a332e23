"""A client stays logged in for as long as it is used."""

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Barrier

import httpx
import pytest

from mcos_client import AsyncClient, Client, Token, TokenExpired, TokenRevoked
from mcos_client.sending.tokens import RENEW_AFTER, TRY_AGAIN
from tests.unit.client.client_clock import ClientClock
from tests.unit.client.conftest import RECORDER, Gateway
from tests.unit.client.sending.test_attempts import done, lost, problem

LIFE = 3600.0
AT = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass
class Service:
    """Knows tokens as the API does: each is good for an hour, and exchanged as long as it is.

    Attributes
    ----------
    given
        When each was given out.
    """

    clock: ClientClock
    given: dict[str, float] = field(default_factory=lambda: {"t0": 0.0})
    revoked: set[str] = field(default_factory=set)
    renewals: int = 0
    refuse: httpx.Response | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        token = request.headers["authorization"].removeprefix("Bearer ")
        if request.url.path.endswith("/v1/token"):
            self.renewals += 1
        if token in self.revoked:
            return problem(401, "token_revoked")(request)
        if self.clock.now() >= self.given[token] + LIFE:
            return problem(401, "token_expired")(request)
        if not request.url.path.endswith("/v1/token"):
            return done(request)
        if self.refuse is not None:
            return self.refuse
        return httpx.Response(200, json={"token": self.give(), "expires_at": AT.isoformat()})

    def give(self) -> str:
        token = f"t{len(self.given)}"
        self.given[token] = self.clock.now()
        return token


@dataclass
class Store:
    """What processes of a user share; ``writable``: whether this one may change it."""

    clock: ClientClock
    text: str = "t0"
    since: float = 0.0
    writable: bool = True

    def read(self) -> tuple[str, float] | None:
        return self.text, self.clock.now() - self.since

    def replace(self, old: str, new: Token) -> None:
        if self.writable and self.text == old:
            self.text, self.since = new.token, self.clock.now()


@pytest.fixture
def service(clock: ClientClock, gateway: Gateway) -> Service:
    made = Service(clock)
    gateway.reply = made
    return made


@pytest.fixture
def store(clock: ClientClock) -> Store:
    return Store(clock)


def client_with(
    gateway: Gateway, clock: ClientClock, token: str = "t0", store: Store | None = None
) -> Client:
    return Client(
        RECORDER, token, transport=httpx.MockTransport(gateway), clock=clock, token_store=store
    )


@pytest.fixture
def client(gateway: Gateway, clock: ClientClock) -> Iterator[Client]:
    with client_with(gateway, clock) as client:
        yield client


def test_a_client_that_is_used_stays_logged_in(
    client: Client, clock: ClientClock, service: Service
) -> None:
    for _ in range(24 * 4):
        clock.go_on(RENEW_AFTER)
        client.list_container()
    assert client.token == f"t{24 * 4}"
    assert service.renewals == 24 * 4


def test_a_token_is_not_exchanged_before_it_is_time(
    client: Client, clock: ClientClock, service: Service
) -> None:
    for _ in range(10):
        clock.go_on(RENEW_AFTER / 11)
        client.list_container()
    assert service.renewals == 0


def test_many_threads_exchange_it_once(
    client: Client, clock: ClientClock, service: Service, gateway: Gateway
) -> None:
    clock.go_on(RENEW_AFTER)
    together = Barrier(8)

    def call(number: int) -> None:
        together.wait(60)
        client.list_container()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(8)))
    assert service.renewals == 1
    used = [one.headers["authorization"] for one in gateway.requests]
    assert used == ["Bearer t0"] + ["Bearer t1"] * 8


def test_one_that_cannot_be_exchanged_now_is_used_and_tried_again_later(
    client: Client, clock: ClientClock, service: Service
) -> None:
    clock.go_on(RENEW_AFTER)
    service.refuse = httpx.Response(503, json={"code": "busy"})
    for _ in range(3):
        client.list_container()
    assert service.renewals == 1
    service.refuse = None
    clock.go_on(TRY_AGAIN)
    client.list_container()
    assert (service.renewals, client.token) == (2, "t1")


def test_an_unreachable_service_is_asked_again_later(
    client: Client, clock: ClientClock, service: Service, gateway: Gateway
) -> None:
    clock.go_on(RENEW_AFTER)
    gateway.reply = lambda request: (
        lost(request) if request.url.path.endswith("/v1/token") else done(request)
    )
    client.list_container()
    gateway.reply = service
    clock.go_on(TRY_AGAIN)
    client.list_container()
    assert client.token == "t1"


def test_a_session_that_is_over_is_not_asked_for_again(
    client: Client, clock: ClientClock, service: Service
) -> None:
    clock.go_on(RENEW_AFTER)
    service.refuse = httpx.Response(401, json={"code": "token_expired", "detail": "Log in."})
    client.list_container()
    clock.go_on(LIFE - RENEW_AFTER - 1)
    client.list_container()
    assert service.renewals == 1
    clock.go_on(1)
    with pytest.raises(TokenExpired):
        client.list_container()


def test_a_login_has_nothing_exchanged(
    client: Client, clock: ClientClock, gateway: Gateway
) -> None:
    clock.go_on(RENEW_AFTER)
    gateway.reply = lambda request: httpx.Response(
        200, json={"token": "new", "expires_at": AT.isoformat()}
    )
    client.login("a", "b")
    assert len(gateway.requests) == 1
    assert client.token == "new"


def test_processes_share_what_one_has_exchanged(
    gateway: Gateway, clock: ClientClock, service: Service, store: Store
) -> None:
    with (
        client_with(gateway, clock, store=store) as one,
        client_with(gateway, clock, store=store) as other,
    ):
        clock.go_on(RENEW_AFTER)
        one.list_container()
        other.list_container()
        assert (service.renewals, store.text, other.token) == (1, "t1", "t1")
    with client_with(gateway, clock, store.text, store) as later:
        clock.go_on(RENEW_AFTER - 1)
        later.list_container()
        assert service.renewals == 1
        clock.go_on(1)
        later.list_container()
        assert (service.renewals, store.text) == (2, "t2")


def test_one_that_is_kept_and_older_is_not_taken(
    gateway: Gateway, clock: ClientClock, service: Service, store: Store
) -> None:
    store.writable = False
    with client_with(gateway, clock, store=store) as client:
        for _ in range(8):
            clock.go_on(RENEW_AFTER)
            client.list_container()
        assert client.token == "t8"


def test_what_another_process_has_is_tried_when_a_token_is_refused(
    gateway: Gateway, clock: ClientClock, service: Service, store: Store
) -> None:
    with client_with(gateway, clock, store=store) as client:
        clock.go_on(60)
        store.text, store.since = service.give(), clock.now()  # another password, a new session
        service.revoked.add("t0")
        client.create_object("c", "o", b"1")
        assert client.token == "t1"
        service.revoked.add("t1")
        with pytest.raises(TokenRevoked):
            client.list_container()


def test_a_coroutine_stays_logged_in_and_many_exchange_it_once(
    gateway: Gateway, clock: ClientClock, service: Service
) -> None:
    async def use() -> str | None:
        transport = httpx.MockTransport(gateway)
        async with AsyncClient(RECORDER, "t0", transport=transport, clock=clock) as client:
            for _ in range(8):
                clock.go_on(RENEW_AFTER)
                await asyncio.gather(*(client.list_container() for _ in range(5)))
            return client.token

    assert asyncio.run(use()) == "t8"
    assert service.renewals == 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
def test_a_process_that_is_forked_while_a_token_is_exchanged_does_not_wait_for_that(
    client: Client, clock: ClientClock, service: Service
) -> None:
    clock.go_on(RENEW_AFTER)
    with client._token.renewing(wait=True) as is_mine:
        assert is_mine
        child = os.fork()
        if not child:
            with client._token.renewing(wait=False) as of_the_child:
                os._exit(0 if of_the_child else 1)
        assert os.waitpid(child, 0)[1] == 0
