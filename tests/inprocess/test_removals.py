"""What is owed a removal is paid in part: a queue that cannot be reached holds up only its own. And
what is held, or more than may be removed unasked, waits in the queue."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ConnectionClosedError

from mcos.catalog import accounts, objects
from mcos.model import lifecycle
from mcos.model.accounts import Role
from mcos.model.objects import ObjectKey, State
from mcos.replicas import repair_queue
from mcos.storage import BackendUnavailable
from tests.support.cloud import ASYNC, SYNC, Cloud
from tests.support.environment import CLUSTERS
from tests.support.network import Manner
from tests.support.paths import object_path, stat_path
from tests.support.user import User

PATH = object_path("photos", "a")


@contextmanager
def unreachable_queue(cloud: Cloud, cluster: str) -> Iterator[None]:
    """Let no message reach a cluster's repair queue."""
    to_sqs = cloud.network.answers.get("sqs:SendMessage")
    assert to_sqs is None
    name = f"-{cluster}-repair".encode()
    real = cloud.network.before

    def break_off(request: AWSPreparedRequest) -> tuple[int, dict[str, str], bytes]:
        raise ConnectionClosedError(endpoint_url=request.url)

    def before(called: str) -> None:
        if called == "sqs:SendMessage" and name in bytes(cloud.network.asked):
            cloud.network.answers["sqs:SendMessage"] = break_off
        else:
            cloud.network.answers.pop("sqs:SendMessage", None)

    cloud.network.before = before
    try:
        yield
    finally:
        cloud.network.before = real
        cloud.network.answers.pop("sqs:SendMessage", None)


@pytest.mark.parametrize("dead", CLUSTERS)
def test_an_update_and_a_delete_are_not_held_up_by_a_dead_queue(
    cloud: Cloud, user: User, dead: str
) -> None:
    assert user.create("a", b"old", SYNC).status == 201
    with unreachable_queue(cloud, dead):
        assert user.update("a", b"new", SYNC).status == 200
        record = cloud.record(user.account, "photos", "a")
        assert record is not None
        assert [one.cluster for one in record.removals] == [dead]
        assert user.update("a", b"newer", ASYNC).status == 202
        cloud.run_executions()
        assert user.download("a").body == b"newer"
        reply = user.call("DELETE", PATH, headers=SYNC)
        assert (reply.status, reply.json()["state"]) == (202, State.DELETING)
        assert reply.headers["preference-applied"] == "respond-async"
        assert user.call("GET", stat_path("photos", "a")).json()["state"] == State.DELETING
        cloud.pump()
        others = [name for name in CLUSTERS if name != dead]
        assert not any(cloud.replicas(user.account)[name] for name in others)
    cloud.settle()
    assert cloud.record(user.account, "photos", "a") is None
    cloud.check_storage(user.account)


def test_an_update_that_was_acknowledged_is_swept_beside_an_unpaid_debt(
    cloud: Cloud, user: User
) -> None:
    assert user.create("a", b"old", SYNC).status == 201
    with unreachable_queue(cloud, "swift"):
        assert user.update("a", b"new", SYNC).status == 200
        assert user.update("a", b"acknowledged", ASYNC).status == 202
        cloud.cut_executions()
        cloud.sweep()
        cloud.run_executions()
        assert user.download("a").body == b"acknowledged"
    cloud.settle()
    cloud.check_storage(user.account)


@pytest.mark.parametrize("manner", list(Manner))
def test_whatever_goes_wrong_with_one_removal_all_are_made(
    cloud: Cloud, user: User, manner: Manner
) -> None:
    for number in range(12):
        assert user.create("a", b"old", SYNC).status == 201
        with cloud.network.record((number, manner)):
            user.call("DELETE", PATH, headers=SYNC)
        cloud.settle()
        if user.call("GET", stat_path("photos", "a")).status == 200:
            assert user.call("DELETE", PATH, headers=SYNC).status == 204
            cloud.settle()
        cloud.check_storage(user.account)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_change_that_was_accepted_is_not_refused_because_its_debts_cannot_be_noted(
    cloud: Cloud, user: User, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """Others change the record each time that it is to be written without what was paid."""
    assert user.create("a", b"old", SYNC).status == 201
    for _ in range(9):
        assert user.update("a", b"owing", ASYNC).status == 202

    def touch(called: str) -> None:
        if called == "sqs:SendMessage":
            with cloud.network.outside():
                objects.change(ObjectKey(user.account, "photos", "a"), lifecycle.touch)

    monkeypatch.setattr(objects, "_TRIES", 1)
    cloud.network.before = touch
    try:
        reply = user.call(method, PATH, b"new", ASYNC if method == "PUT" else SYNC)
    finally:
        cloud.network.before = None
    monkeypatch.undo()
    assert reply.status == 202
    cloud.settle()
    cloud.check_storage(user.account)
    if method == "PUT":
        assert user.download("a").body == b"new"
    else:
        assert user.download("a").status == 404


def test_nothing_is_left_of_a_copy_that_was_stored_without_an_answer_after_its_removal(
    cloud: Cloud, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert user.create("a", b"bytes", ASYNC).status == 202
    put = cloud.backends["ceph"].put

    def put_too_late(*given: Any, **more: Any) -> None:
        with cloud.network.outside():
            assert user.call("DELETE", PATH).status in (202, 204, 404)
            cloud.pump()
            put(*given, **more)
        raise BackendUnavailable("no answer")

    monkeypatch.setattr(cloud.backends["ceph"], "put", put_too_late)
    cloud.run_executions()
    monkeypatch.undo()
    cloud.settle()
    assert cloud.records(user.account) == []


def keys(cloud: Cloud, cluster: str) -> set[str]:
    return set(cloud.backends[cluster].replicas)


def hold(cloud: Cloud, cluster: str, held: bool | None) -> None:
    body = json.dumps({"removals_held": held}).encode()
    path = f"/v1/admin/clusters/{cluster}"
    reply = cloud.call("s3", "PATCH", path, body=body, token=cloud.token("ops"))
    assert (reply.status, reply.json()["removals_held"]) == (200, bool(held))


def test_removals_that_an_operator_holds_wait_in_the_queue(
    cloud: Cloud, user: User, capsys: pytest.CaptureFixture[str]
) -> None:
    with cloud.network.outside():
        assert accounts.create("ops", "hash", Role.ADMIN)
    user.create("a", b"content", SYNC)
    hold(cloud, "swift", True)
    assert user.call("DELETE", PATH, headers=SYNC).status == 204
    for _ in range(3):
        cloud.pump()
    assert {name: len(keys(cloud, name)) for name in CLUSTERS} == {"s3": 0, "swift": 1, "ceph": 0}
    assert cloud.queued()["swift"] == 1
    assert ("concern", "removals-held") in cloud.points[-1].dimensions
    hold(cloud, "swift", None)
    cloud.pump()
    assert keys(cloud, "swift") == set()
    assert cloud.queued()["swift"] == 0


def test_what_nobody_has_asked_for_is_removed_at_a_bounded_rate(cloud: Cloud, user: User) -> None:
    names = [f"object-{number}" for number in range(5)]
    for name in names:
        user.create(name, b"content", SYNC)
    cloud.removals_per_hour = 2
    for name in names:
        # Each is found damaged at one cluster, and written anew beside what was there.
        record = cloud.record(user.account, "photos", name)
        assert record is not None
        assert record.current is not None
        key = cloud.key(user.account, "photos", name, "ceph")
        content, stat = cloud.backends["ceph"].replicas[key]
        cloud.backends["ceph"].replicas[key] = (b"rotten!", stat)
        assert content != b"rotten!"
        cloud.repair("ceph", repair_queue.verify_message(record.key, record.current.id))
    for _ in range(3):
        cloud.pump()
    assert len(keys(cloud, "ceph")) == 2 * 5 - 2
    assert user.call("DELETE", object_path("photos", names[0]), headers=SYNC).status == 204
    cloud.pump()
    assert len(keys(cloud, "ceph")) == 2 * 5 - 2 - 1, "what users ask for has no bound"
    cloud.chill()  # another process has the same bound
    cloud.pump()
    assert len(keys(cloud, "ceph")) == 2 * 5 - 2 - 1
    for _ in range(2):
        cloud.clock.advance(3600)
        cloud.pump()
    cloud.settle()
    cloud.check_storage(user.account)
