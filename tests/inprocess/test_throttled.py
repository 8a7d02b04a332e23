"""AWS turns calls away for a while: nothing that was acknowledged is lost, and callers are told."""

from collections import Counter
from collections.abc import Callable

import pytest

from chalicelib.workers import digest_content, put_parts
from mcos.model.objects import State
from tests.support.cloud import ASYNC, CLUSTERS, LARGE_SECONDS, SYNC
from tests.support.gateway import Reply
from tests.support.paths import container_path, object_path, stat_path
from tests.support.state_machine import EVENTS
from tests.support.uploads import PART, Sender
from tests.support.user import User

CONTENT = b"content"


def first(times: int, *functions: str) -> Callable[[str], bool]:
    """Turns away so many calls of each of the functions, then none."""
    calls: Counter[str] = Counter()

    def throttles(function_arn: str) -> bool:
        if function_arn.rpartition("-")[2] not in functions:
            return False
        calls[function_arn] += 1
        return calls[function_arn] <= times

    return throttles


@pytest.mark.parametrize("function", ["put_replica", "commit_version"])
def test_a_caller_waits_while_a_function_is_throttled(user: User, function: str) -> None:
    user.cloud.throttles = first(3, function)
    assert user.create("a", CONTENT, SYNC).status == 201
    assert user.download("a").body == CONTENT


def test_a_caller_does_not_wait_for_ever(user: User) -> None:
    user.cloud.throttles = first(1000, "put_replica")
    reply = user.create("a", CONTENT, SYNC)
    assert (reply.status, reply.code) == (503, "replication_failed")
    assert reply.headers["retry-after"]
    user.cloud.settle()
    assert not user.cloud.unsettled()


@pytest.mark.parametrize("function", ["put_replica", "commit_version"])
def test_what_was_taken_is_stored_when_functions_may_be_called_again(
    user: User, function: str
) -> None:
    cloud = user.cloud
    assert user.create("a", CONTENT, ASYNC).status == 202
    cloud.throttles = first(30, function)
    cloud.settle()
    assert user.stat("a")["state"] == State.CREATED
    assert all(len(cloud.backends[name].replicas) == 1 for name in CLUSTERS)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("function", ["digest_content", "put_parts", "commit_version"])
def test_a_large_content_outlasts_an_hour_of_throttling(user: User, function: str) -> None:
    """Its execution keeps what it has done, and a new one begins the digests from nothing."""
    sender, content = Sender(user), b"x" * (4 * PART)
    upload = sender.begin("a", content)
    sender.send(upload, content)
    assert sender.complete(upload).status == 202
    user.cloud.throttles = first(60, function)
    user.cloud.run_executions()
    assert len(user.cloud.executed) == 1
    assert user.stat("a")["state"] == State.CREATED


def test_a_read_that_cannot_ask_another_cluster_is_told_to_come_again(user: User) -> None:
    user.create("a", CONTENT, SYNC)
    user.cloud.backends["s3"].replicas.clear()
    user.cloud.throttles = first(100, "get_replica")
    reply = user.download("a")
    assert (reply.status, reply.code) == (503, "replicas_unavailable")
    assert reply.headers["retry-after"]
    user.cloud.throttles = first(0)
    assert user.download("a").body == CONTENT


def test_a_function_that_is_turned_away_says_nothing_of_a_replica(user: User) -> None:
    """None is taken for damaged."""
    user.create("a", CONTENT, SYNC)
    user.cloud.throttles = first(100, "get_replica")
    user.download("a", at="swift")
    user.cloud.throttles = first(0)
    user.cloud.settle()
    assert user.stat("a")["state"] == State.CREATED


def test_the_history_of_the_largest_content_fits() -> None:
    """At any speed: what ends an execution is its time, not its history."""
    # A turn is a task with five events and a choice with two; three targets are written at a time.
    digesting = LARGE_SECONDS / digest_content._SECONDS * 7
    writing = LARGE_SECONDS / put_parts._SECONDS * 7 * 3
    assert max(digesting, writing) < 0.95 * EVENTS  # some tries fail, three events each


@pytest.mark.usefixtures("small_parts")
def test_a_sweep_asks_once_what_is_running(user: User) -> None:
    """Step Functions answers few such requests a second, whatever there is to sweep."""
    sender, content = Sender(user), b"x" * (2 * PART)
    user.cloud.backends["ceph"].refuse("begin_parts")
    for number in range(5):
        upload = sender.begin(f"{number}", content)
        sender.send(upload, content)
        assert sender.complete(upload).status == 202
    user.cloud.run_executions()
    assert [user.stat(f"{number}")["state"] for number in range(5)] == [State.CREATING] * 5
    user.cloud.lose_messages()
    with user.cloud.network.record() as calls:
        user.cloud.sweep("s3", "ceph")
    listed = [one for one in calls if one.name == "sfn:ListExecutions"]
    assert len(listed) <= 2
    assert user.cloud.queued()["ceph"] == 5


def nth(number: int) -> Callable[[str], bool]:
    """Turns away the call of that number, and the driver's next tries of it."""
    calls: list[str] = []

    def throttles(name: str) -> bool:
        calls.append(name)
        again = len(calls) > number + 1 and set(calls[number:]) == {name}
        return len(calls) == number + 1 or (again and len(calls) <= number + 3)

    return throttles


CHANGES: dict[str, Callable[[User], Reply]] = {
    "create, sync": lambda user: user.create("new", CONTENT, SYNC),
    "create, async": lambda user: user.create("new", CONTENT, ASYNC),
    "update, sync": lambda user: user.update("a", b"other", SYNC),
    "update, async": lambda user: user.update("a", b"other", ASYNC),
    "delete": lambda user: user.call("DELETE", object_path("photos", "a")),
    "create container": lambda user: user.call("PUT", container_path("more")),
    "delete container": lambda user: user.call("DELETE", container_path("photos")),
}

READS: dict[str, Callable[[User], Reply]] = {
    "download": lambda user: user.download("a"),
    "stat": lambda user: user.call("HEAD", object_path("photos", "a")),
    "locate": lambda user: user.call("GET", stat_path("photos", "a")),
    "list objects": lambda user: user.call("GET", f"{container_path('photos')}/objects"),
    "list containers": lambda user: user.call("GET", "/v1/containers"),
}


@pytest.mark.parametrize("one", READS.values(), ids=READS)
def test_who_reads_is_told_when_to_come_again(user: User, one: Callable[[User], Reply]) -> None:
    user.create("a", CONTENT, SYNC)
    with user.cloud.network.record() as calls:
        whole = one(user)
    refused = 0
    for number in range(len(calls)):
        user.cloud.network.throttles = nth(number)
        reply = one(user)
        user.cloud.network.throttles = first(0)
        if reply.status != whole.status:
            assert reply.status == 503, (calls[number], reply)
            assert reply.headers["retry-after"]
            refused += 1
    assert refused


@pytest.mark.parametrize("one", CHANGES.values(), ids=CHANGES)
def test_who_changes_is_told_to_come_again_or_that_it_is_not_known(
    user: User, one: Callable[[User], Reply]
) -> None:
    """And what is said to be not done is not done, once everything has settled."""
    cloud = user.cloud
    user.create("a", CONTENT, SYNC)
    back = cloud.keep()
    with cloud.network.record() as calls:
        whole = one(user)
    refused = 0
    for number in range(len(calls)):
        back()
        cloud.network.throttles = nth(number)
        reply = one(user)
        cloud.network.throttles = first(0)
        if reply.status == whole.status:
            continue
        assert reply.status == 503, (calls[number], reply)
        refused += 1
        cloud.settle()
        if "retry-after" in reply.headers:
            assert one(user).status == whole.status, calls[number]
    assert refused
