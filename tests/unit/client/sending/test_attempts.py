"""What is sent again after a failure, and what never is."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from mcos_client import (
    Client,
    InternalError,
    McosError,
    NotEnoughClusters,
    NotSent,
    ObjectNotFound,
    PreconditionFailed,
    ReplicationFailed,
    UnexpectedReply,
    Unreachable,
)
from mcos_client.sending.attempts import FIRST_PAUSE, LONGEST_PAUSE
from tests.unit.client.client_clock import ClientClock
from tests.unit.client.conftest import RECORDER, Gateway

RETRIES = 3
WRITTEN = {
    "name": "o",
    "container": "c",
    "size": 1,
    "etag": '"e"',
    "content_type": "text/plain",
    "state": "CREATED",
    "version": "v",
}

Reply = Callable[[httpx.Request], httpx.Response]
Make = Callable[[Client], Any]


@pytest.fixture
def client(gateway: Gateway, clock: ClientClock) -> Iterator[Client]:
    transport = httpx.MockTransport(gateway)
    with Client(RECORDER, "t", transport=transport, retries=RETRIES, clock=clock) as client:
        yield client


def problem(status: int, code: str, **headers: str) -> Reply:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: httpx.Response(
        status, json={"code": code, "detail": "Why."}, headers=sent
    )


def lost(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("no reply", request=request)


def refused(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


def done(request: httpx.Request) -> httpx.Response:
    if request.method == "DELETE":
        return httpx.Response(204)
    if "/objects/" not in request.url.path:
        made = "2026-01-01T00:00:00Z"
        container = {"name": "c", "created_at": made, "storage_policy": "default"}
        return httpx.Response(200, json={**container, "containers": [container]})
    headers = {"x-mcos-replicas": "3/3", "preference-applied": "wait=10"}
    return httpx.Response(200, json=WRITTEN, headers=headers)


def answer(gateway: Gateway, *replies: Reply) -> None:
    """The replies in their order; the last one for all that comes after."""
    left = list(replies)
    gateway.reply = lambda request: (left.pop(0) if len(left) > 1 else left[0])(request)


REPLICATION_FAILED = problem(503, "replication_failed", retry_after="5")
INTERNAL_ERROR = problem(500, "internal_error")
UNKNOWN_OUTCOMES = {
    "lost": lost,
    "500": INTERNAL_ERROR,
    "bad gateway": lambda request: httpx.Response(502, text="<html>"),
    "503 of a gateway": lambda request: httpx.Response(503, json={"message": "no"}),
}
NOT_DONE = {
    "refused": refused,
    "503 that says when": REPLICATION_FAILED,
    "throttled": lambda request: httpx.Response(429, json={"message": "Too Many Requests"}),
}
REPEATABLE: dict[str, Make] = {
    "list_container": lambda client: client.list_container(),
    "create_container": lambda client: client.create_container("c"),
    "delete_container": lambda client: client.delete_container("c"),
    "delete_object": lambda client: client.delete_object("c", "o"),
}
GUARDED: dict[str, Make] = {
    "create if none": lambda client: client.create_object("c", "o", b"1", if_none_match="*"),
    "update if the same": lambda client: client.update_object("c", "o", b"1", if_match='"a"'),
}
UNGUARDED: dict[str, Make] = {
    "create": lambda client: client.create_object("c", "o", b"1"),
    "create if the same": lambda client: client.create_object("c", "o", b"1", if_match='"a"'),
    "update": lambda client: client.update_object("c", "o", b"1"),
    "replace": lambda client: client.put_object("c", "o", b"1"),
    "update if none": lambda client: client.update_object("c", "o", b"1", if_none_match="*"),
    "update if any": lambda client: client.update_object("c", "o", b"1", if_match="*"),
    "update if another": lambda client: client.update_object("c", "o", b"1", if_none_match='"a"'),
    "drain": lambda client: client.admin.drain_cluster("s3"),
    "set policy": lambda client: client.admin.set_policy("p", []),
    "change account": lambda client: client.admin.change_account("a", enabled=True),
}


@pytest.mark.parametrize("outcome", UNKNOWN_OUTCOMES | NOT_DONE)
@pytest.mark.parametrize("call", REPEATABLE)
def test_what_may_be_repeated_is_sent_again(
    client: Client, gateway: Gateway, call: str, outcome: str
) -> None:
    answer(gateway, (UNKNOWN_OUTCOMES | NOT_DONE)[outcome], done)
    REPEATABLE[call](client)
    assert len(gateway.requests) == 2


@pytest.mark.parametrize("outcome", UNKNOWN_OUTCOMES)
@pytest.mark.parametrize("call", UNGUARDED)
def test_a_write_is_never_sent_again_after_an_unknown_outcome(
    client: Client, gateway: Gateway, call: str, outcome: str
) -> None:
    answer(gateway, UNKNOWN_OUTCOMES[outcome], done)
    with pytest.raises((Unreachable, InternalError, UnexpectedReply)):
        UNGUARDED[call](client)
    assert len(gateway.requests) == 1


@pytest.mark.parametrize("outcome", NOT_DONE)
@pytest.mark.parametrize(
    "call", {name: UNGUARDED[name] for name in ("create", "update", "replace")} | GUARDED
)
def test_a_write_is_sent_again_when_nothing_was_done(
    client: Client, gateway: Gateway, call: str, outcome: str
) -> None:
    answer(gateway, NOT_DONE[outcome], done)
    assert (UNGUARDED | GUARDED)[call](client).state == "CREATED"
    assert [request.content for request in gateway.requests] == [b"1", b"1"]


@pytest.mark.parametrize("outcome", UNKNOWN_OUTCOMES)
@pytest.mark.parametrize("call", GUARDED)
def test_a_guarded_write_is_sent_again_after_an_unknown_outcome(
    client: Client, gateway: Gateway, call: str, outcome: str
) -> None:
    answer(gateway, UNKNOWN_OUTCOMES[outcome], done)
    assert GUARDED[call](client).state == "CREATED"


@pytest.mark.parametrize("call", GUARDED)
def test_a_refusal_that_the_lost_attempt_may_have_caused_is_not_told_as_one(
    client: Client, gateway: Gateway, call: str
) -> None:
    answer(gateway, lost, problem(412, "precondition_failed"))
    with pytest.raises(Unreachable, match="no reply") as caught:
        GUARDED[call](client)
    assert not isinstance(caught.value, NotSent)
    assert isinstance(caught.value.__cause__, PreconditionFailed)


@pytest.mark.parametrize("call", GUARDED)
def test_a_write_that_was_lost_is_unknown_even_if_nobody_is_there_any_more(
    client: Client, gateway: Gateway, call: str
) -> None:
    answer(gateway, lost, refused)
    with pytest.raises(Unreachable, match="no reply") as caught:
        GUARDED[call](client)
    assert type(caught.value) is Unreachable


def test_what_the_lost_delete_has_deleted_is_deleted(client: Client, gateway: Gateway) -> None:
    answer(gateway, lost, problem(404, "object_not_found"))
    assert client.delete_object("c", "o") is True
    answer(gateway, lost, problem(404, "container_not_found"))
    client.delete_container("c")


def test_what_was_not_there_is_not_deleted(client: Client, gateway: Gateway) -> None:
    answer(gateway, refused, problem(404, "object_not_found"))
    with pytest.raises(ObjectNotFound):
        client.delete_object("c", "o")


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "invalid_name"), (401, "token_expired"), (404, "object_not_found"), (409, "conflict")],
)
def test_a_refusal_is_final(client: Client, gateway: Gateway, status: int, code: str) -> None:
    answer(gateway, problem(status, code, retry_after="1"))
    with pytest.raises(McosError):
        client.stat_object("c", "o")
    assert len(gateway.requests) == 1


def test_pauses_grow_and_are_never_the_same(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ClientClock()
    drawn: list[float] = []

    def uniform(low: float, high: float) -> float:
        drawn.append(high)
        return (low + high) / 2

    monkeypatch.setattr("mcos_client.sending.attempts.random.uniform", uniform)
    answer(gateway, lost)
    transport = httpx.MockTransport(gateway)
    with (
        Client(RECORDER, transport=transport, retries=8, clock=clock) as client,
        pytest.raises(Unreachable),
    ):
        client.list_container()
    assert drawn == [min(FIRST_PAUSE * 2**number, LONGEST_PAUSE) for number in range(8)]
    assert clock.pauses == [high / 2 for high in drawn]
    assert len(gateway.requests) == 9


def test_waits_as_long_as_the_api_says(
    client: Client, gateway: Gateway, clock: ClientClock
) -> None:
    answer(gateway, REPLICATION_FAILED, done)
    client.create_object("c", "o", b"1")
    [pause] = clock.pauses
    assert 5 <= pause <= 5 + FIRST_PAUSE


def test_a_long_wait_is_left_to_the_caller(client: Client, gateway: Gateway) -> None:
    answer(gateway, problem(503, "not_enough_clusters", retry_after="30"))
    with pytest.raises(NotEnoughClusters):
        client.create_object("c", "o", b"1")
    assert len(gateway.requests) == 1


def test_nothing_is_sent_again_unless_asked_for(gateway: Gateway) -> None:
    answer(gateway, REPLICATION_FAILED)
    with (
        Client(RECORDER, transport=httpx.MockTransport(gateway)) as client,
        pytest.raises(ReplicationFailed),
    ):
        client.list_container()
    assert len(gateway.requests) == 1
