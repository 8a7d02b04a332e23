"""Several entry points: one that cannot be reached is passed over for a while."""

import httpx
import pytest

from mcos_client import Client, NotSent, Unreachable
from mcos_client.sending.entry_points import REST
from tests.unit.client.client_clock import ClientClock

FIRST, SECOND = "http://first.test", "http://second.test"


class Clusters:
    """Entry points of which some are down; keeps who was asked."""

    def __init__(self) -> None:
        self.down: dict[str, type[httpx.TransportError]] = {}
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host.removesuffix(".test")
        self.asked.append(host)
        if host in self.down:
            raise self.down[host]("down", request=request)
        if request.method == "DELETE":
            return httpx.Response(204)
        return httpx.Response(200, json={"containers": []})


@pytest.fixture
def clusters() -> Clusters:
    return Clusters()


def client_of(clusters: Clusters, clock: ClientClock, *, retries: int = 0) -> Client:
    transport = httpx.MockTransport(clusters)
    return Client([FIRST, SECOND + "/"], transport=transport, clock=clock, retries=retries)


def test_the_first_one_is_asked_while_it_answers(clusters: Clusters, clock: ClientClock) -> None:
    with client_of(clusters, clock) as client:
        client.list_container()
        client.list_container()
        assert client.entry_point == FIRST
    assert clusters.asked == ["first", "first"]


def test_another_one_is_asked_at_once_if_nothing_was_sent(
    clusters: Clusters, clock: ClientClock
) -> None:
    clusters.down["first"] = httpx.ConnectTimeout
    with client_of(clusters, clock) as client:
        client.list_container()
        client.list_container()
        assert client.entry_point == SECOND
    assert clusters.asked == ["first", "second", "second"]
    assert clock.pauses == []


def test_after_a_while_the_first_one_is_asked_again(clusters: Clusters, clock: ClientClock) -> None:
    clusters.down["first"] = httpx.ConnectError
    with client_of(clusters, clock) as client:
        client.list_container()
        clusters.down.clear()
        clock.sleep(REST)
        client.list_container()
    assert clusters.asked == ["first", "second", "first"]


def test_all_are_asked_before_it_is_given_up(clusters: Clusters, clock: ClientClock) -> None:
    clusters.down = {"first": httpx.ConnectError, "second": httpx.ConnectError}
    with client_of(clusters, clock) as client, pytest.raises(NotSent, match=SECOND):
        client.list_container()
    assert clusters.asked == ["first", "second"]


def test_one_that_rests_is_asked_when_there_is_no_other(
    clusters: Clusters, clock: ClientClock
) -> None:
    clusters.down = {"first": httpx.ConnectError, "second": httpx.ConnectError}
    with client_of(clusters, clock) as client:
        with pytest.raises(NotSent):
            client.list_container()
        clusters.down.clear()
        client.list_container()
        assert client.entry_point == FIRST
    assert clusters.asked == ["first", "second", "first"]


def test_a_lost_reply_moves_on_only_if_retries_were_asked_for(
    clusters: Clusters, clock: ClientClock
) -> None:
    clusters.down["first"] = httpx.ReadTimeout
    with client_of(clusters, clock) as client, pytest.raises(Unreachable):
        client.list_container()
    assert clusters.asked == ["first"]
    clusters.asked.clear()
    with client_of(clusters, clock, retries=1) as client:
        client.delete_object("c", "o")
    assert clusters.asked == ["first", "second"]


def test_there_has_to_be_one() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Client([])
