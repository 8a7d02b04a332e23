"""Waiting for an object to settle, and listing page by page."""

from typing import Any

import httpx
import pytest

from mcos_client import Client, NotSettled
from tests.unit.client.client_clock import ClientClock
from tests.unit.client.conftest import Gateway


def stat(state: str, pending: list[dict[str, Any]] | None = None) -> httpx.Response:
    body = {
        "name": "o",
        "container": "c",
        "size": 0,
        "etag": '"e"',
        "digest": {"sha-256": "d"},
        "content_type": "text/plain",
        "metadata": {},
        "state": state,
        "version": "v",
        "storage_policy": "default",
        "created_at": "2026-01-01T00:00:00.000Z",
        "last_modified": "2026-01-01T00:00:00.000Z",
        "replicas": [],
        "pending": pending or [],
    }
    return httpx.Response(200, json=body)


def gone() -> httpx.Response:
    return httpx.Response(404, json={"code": "object_not_found", "detail": "No such object."})


@pytest.mark.parametrize("end", ["CREATED", "FAILED"])
def test_waits_until_the_object_is_settled(client: Client, gateway: Gateway, end: str) -> None:
    replies = iter([stat("CREATING"), stat("UPDATING"), stat(end)])
    gateway.reply = lambda request: next(replies)
    settled = client.wait_until_settled("c", "o")
    assert settled is not None
    assert (settled.state, len(gateway.requests)) == (end, 3)


def test_an_object_that_goes_away_is_settled(client: Client, gateway: Gateway) -> None:
    replies = iter([stat("DELETING"), gone()])
    gateway.reply = lambda request: next(replies)
    assert client.wait_until_settled("c", "o") is None


def test_gives_up_after_the_timeout(client: Client, gateway: Gateway, clock: ClientClock) -> None:
    gateway.reply = lambda request: stat("CREATING")
    with pytest.raises(NotSettled):
        client.wait_until_settled("c", "o", timeout=10)
    assert 8 < clock.now() <= 10


def test_watching_tells_each_change_once(client: Client, gateway: Gateway) -> None:
    states = ["CREATING", "CREATING", "UPDATING", "UPDATING", "CREATED"]
    replies = iter([stat(state) for state in states])
    gateway.reply = lambda request: next(replies)
    seen = [one.state for one in client.watch_object("c", "o")]
    assert seen == ["CREATING", "UPDATING", "CREATED"]


def test_listing_goes_on_over_pages_that_are_empty(client: Client, gateway: Gateway) -> None:
    def page(names: list[str], next_marker: str | None) -> httpx.Response:
        made = "2026-01-01T00:00:00.000Z"
        containers = [{"name": n, "created_at": made, "storage_policy": "default"} for n in names]
        return httpx.Response(200, json={"containers": containers, "next_marker": next_marker})

    replies = iter([page(["a"], "a"), page([], "b"), page(["c"], None)])
    gateway.reply = lambda request: next(replies)
    assert [one.name for one in client.all_containers()] == ["a", "c"]
    assert [request.url.params.get("marker") for request in gateway.requests] == [None, "a", "b"]
