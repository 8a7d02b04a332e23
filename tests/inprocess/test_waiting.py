"""``stat?wait=N`` answers when the object is settled, or after N seconds with what it is then.

No time passes here but that which the function itself lets pass.
"""

import pytest

from tests.support.cloud import ASYNC, CLUSTERS, SYNC, Cloud
from tests.support.paths import object_path, stat_path
from tests.support.stopped_clock import StoppedClock
from tests.support.user import User


@pytest.fixture
def time(cloud: Cloud) -> StoppedClock:
    """A clock of which the network takes nothing."""
    cloud.network.call_seconds = 0
    return cloud.clock


def waited(wait: object, name: str = "a") -> str:
    return f"{stat_path('photos', name)}?wait={wait}"


def test_a_settled_object_is_told_at_once_with_one_call(
    cloud: Cloud, user: User, time: StoppedClock
) -> None:
    user.create("a", b"bytes", SYNC)
    with cloud.network.record() as calls:
        assert user.call("GET", waited(25)).json()["state"] == "CREATED"
    assert [call.name for call in calls] == ["dynamodb:GetItem"]
    assert time.pauses == []


def test_an_object_is_told_as_soon_as_it_is_settled(
    cloud: Cloud, user: User, time: StoppedClock
) -> None:
    user.create("a", b"bytes", ASYNC)
    time.after(2, cloud.settle)
    assert user.call("GET", waited(25)).json()["state"] == "CREATED"
    assert 2 <= sum(time.pauses) < 3.5


def test_an_object_that_does_not_settle_is_told_as_it_is_after_the_wait(
    cloud: Cloud, user: User, time: StoppedClock
) -> None:
    user.create("a", b"bytes", ASYNC)
    cloud.backends["swift"].refuse()
    time.after(1, cloud.run_executions)
    reply = user.call("GET", waited(7))
    assert (reply.status, reply.json()["state"]) == (200, "CREATING")
    assert reply.headers["x-mcos-replicas"] == f"{len(CLUSTERS) - 1}/{len(CLUSTERS)}"
    assert sum(time.pauses) == pytest.approx(7)


def test_the_pauses_grow_to_a_second(user: User, time: StoppedClock) -> None:
    user.create("a", b"bytes", ASYNC)
    user.call("GET", waited(4))
    assert time.pauses == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 0.5])


def test_an_object_that_is_being_deleted_is_waited_for_until_it_is_gone(
    cloud: Cloud, user: User, time: StoppedClock
) -> None:
    user.create("a", b"bytes", SYNC)
    user.call("DELETE", object_path("photos", "a"))
    assert user.call("GET", waited(2)).json()["state"] == "DELETING"
    time.after(3, cloud.settle)
    reply = user.call("GET", waited(25))
    assert (reply.status, reply.code) == (404, "object_not_found")
    assert 5 <= sum(time.pauses) < 7


def test_an_object_that_is_not_there_is_not_waited_for(user: User, time: StoppedClock) -> None:
    assert user.call("GET", waited(25)).status == 404
    assert time.pauses == []


@pytest.mark.parametrize("wait", ["0", "26", "-1", "1.5", "1s", "a", "%20", "999999999999", "٣"])
def test_an_invalid_wait_is_refused(user: User, time: StoppedClock, wait: str) -> None:
    user.create("a", b"bytes", ASYNC)
    reply = user.call("GET", waited(wait))
    assert (reply.status, reply.code) == (400, "invalid_query")
    assert time.pauses == []


def test_without_a_wait_and_with_head_nothing_is_waited_for(
    cloud: Cloud, user: User, time: StoppedClock
) -> None:
    user.create("a", b"bytes", ASYNC)
    for method, target in (
        ("GET", stat_path("photos", "a")),
        ("GET", waited("")),
        ("HEAD", f"{object_path('photos', 'a')}?wait=25"),
        ("HEAD", f"{object_path('photos', 'a')}?wait=nonsense"),
    ):
        with cloud.network.record() as calls:
            assert user.call(method, target).status == 200
        assert [call.name for call in calls] == ["dynamodb:GetItem"]
    assert time.pauses == []
