"""Every step of a create, an update and a delete may happen again, late, and in any order."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcos.catalog import objects
from mcos.model.objects import ObjectKey, ObjectRecord, State
from mcos.replicas.repair_queue import dispose_message, put_message
from tests.support.cloud import ASYNC, CLUSTERS, SYNC, Cloud, arn
from tests.support.network import Died
from tests.support.paths import container_path, object_path

CONTAINER, NAME = "photos", "may/sea.jpg"
PATH = object_path(CONTAINER, NAME)
OLD, NEW = b"the old content", b"the new content"

STEPS = [
    *(f"put_replica at {cluster}" for cluster in CLUSTERS),
    *(f"repair at {cluster}" for cluster in CLUSTERS),
    "commit_version",
    "sweep_pending",
    "dispose",
    "work through the queues",
    "deliver every message again",
]

PREFERENCES = st.sampled_from([SYNC, ASYNC])

EXAMPLES = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each deploys the cloud anew
)

# Every step, in any order, some of them again.
orders = st.lists(st.sampled_from(STEPS), max_size=6).flatmap(
    lambda again: st.permutations([*STEPS, *again])
)


class Steps:
    """The single steps of an execution that nobody runs as a whole.

    What ``put_replica`` has answered so far is what ``commit_version`` is told.
    """

    def __init__(self, cloud: Cloud, account: str, execution: dict[str, Any]) -> None:
        self.cloud = cloud
        self.key = ObjectKey(account, CONTAINER, NAME)
        self.execution = execution
        self.results = {
            target["cluster"]: {"cluster": target["cluster"], "stored": False, "reason": "not yet"}
            for target in execution["targets"]
        }

    def take(self, step: str) -> None:
        """Take a step. What it raises is for its own caller, who would try again."""
        name, _, cluster = step.partition(" at ")
        taken: dict[str, Callable[[], object]] = {
            "put_replica": lambda: self._put(cluster),
            "repair": lambda: self.cloud.repair(
                cluster, put_message(self.key, self.execution["version_id"])
            ),
            "commit_version": self.commit,
            "sweep_pending": self.cloud.sweep,
            "dispose": lambda: self.cloud.repair("swift", dispose_message(self.key)),
            "work through the queues": self.cloud.pump,
            "deliver every message again": self.cloud.deliver_again,
        }
        taken[name]()

    def _put(self, cluster: str) -> None:
        event = {"replica": self.execution["replica"], "content": self.execution["content"]}
        result = self.cloud.invoke(arn(cluster, "put_replica"), event)
        if result["stored"]:
            self.results[cluster] = result

    def commit(self) -> None:
        event = {name: self.execution[name] for name in ("record", "version_id", "mode")}
        event["results"] = list(self.results.values())
        self.cloud.invoke(arn("s3", "commit_version"), event)


def begin(cloud: Cloud) -> tuple[str, str]:
    """A new account with a container, and its token."""
    cloud.deploy()
    account = cloud.new_account()
    token = cloud.token(account)
    cloud.call("s3", "PUT", container_path(CONTAINER), token=token)
    return account, token


def taken(cloud: Cloud) -> dict[str, Any]:
    """The input of the execution that was to be run last, which nobody runs now."""
    return cloud.input_of_the_message()


def finish(cloud: Cloud, order: Sequence[str], *executions: Steps) -> None:
    """Take the steps in this order, for each execution; an execution's last step is its commit."""
    for step in order:
        for execution in executions:
            execution.take(step)
    for execution in executions:
        execution.commit()
    cloud.settle()


def check_created(cloud: Cloud, account: str, content: bytes) -> None:
    record = cloud.record(account, CONTAINER, NAME)
    assert record is not None
    assert record.state is State.CREATED
    assert [list(held.values()) for held in cloud.replicas(account).values()] == [[content]] * 3
    cloud.check_storage(account)
    assert cloud.staged() == set()


@EXAMPLES
@given(order=orders)
def test_the_steps_of_a_create_end_in_the_same_state_in_any_order(
    running: Cloud, order: list[str]
) -> None:
    account, token = begin(running)
    running.call("s3", "POST", PATH, headers=ASYNC, body=NEW, token=token)
    finish(running, order, Steps(running, account, taken(running)))
    check_created(running, account, NEW)


@EXAMPLES
@given(order=orders, created=PREFERENCES)
def test_the_steps_of_an_update_end_in_the_same_state_in_any_order(
    running: Cloud, order: list[str], created: dict[str, str]
) -> None:
    """Those of the create before it come again as well."""
    account, token = begin(running)
    running.call("s3", "POST", PATH, headers=created, body=OLD, token=token)
    running.settle()
    late = Steps(running, account, running.executed[-1])
    running.call("ceph", "PUT", PATH, headers=ASYNC, body=NEW, token=token)
    finish(running, order, late, Steps(running, account, taken(running)))
    check_created(running, account, NEW)


@EXAMPLES
@given(order=orders)
def test_the_steps_of_two_updates_end_with_the_one_that_was_accepted_later(
    running: Cloud, order: list[str]
) -> None:
    account, token = begin(running)
    running.call("s3", "POST", PATH, headers=SYNC, body=OLD, token=token)
    running.call("ceph", "PUT", PATH, headers=ASYNC, body=b"in between", token=token)
    earlier = Steps(running, account, taken(running))
    running.call("swift", "PUT", PATH, headers=ASYNC, body=NEW, token=token)
    later = Steps(running, account, taken(running))
    finish(running, order, later, earlier)
    check_created(running, account, NEW)


@EXAMPLES
@given(order=orders, created=PREFERENCES, prefer=PREFERENCES)
def test_the_steps_of_a_delete_end_with_nothing_in_any_order(
    running: Cloud, order: list[str], created: dict[str, str], prefer: dict[str, str]
) -> None:
    """Those of the create before it come again as well."""
    account, token = begin(running)
    running.call("s3", "POST", PATH, headers=created, body=OLD, token=token)
    running.settle()
    create = running.executed[-1]
    reply = running.call("swift", "DELETE", PATH, headers=prefer, token=token)
    assert reply.status in (202, 204)
    finish(running, order, Steps(running, account, create))
    assert running.record(account, CONTAINER, NAME) is None
    assert running.replicas(account) == {cluster: {} for cluster in CLUSTERS}
    assert running.staged() == set()


@EXAMPLES
@given(order=orders, body=st.sampled_from([NEW, b"too large to ride along" * 8000]))
def test_the_steps_of_a_sync_create_whose_caller_died_end_with_all_or_nothing(
    running: Cloud, order: list[str], body: bytes
) -> None:
    account, token = begin(running)
    with running.starting_dies() as started:
        assert running.call("s3", "POST", PATH, headers=SYNC, body=body, token=token).died
    finish(running, order, Steps(running, account, started[0]))
    running.check_storage(account)
    record = running.record(account, CONTAINER, NAME)
    assert record is not None
    assert record.state in (State.CREATED, State.FAILED)
    if record.state is State.FAILED:
        assert record.reason
        assert running.replicas(account) == {cluster: {} for cluster in CLUSTERS}


def test_a_create_is_finished_by_the_sweeper_when_its_execution_is_lost(cloud: Cloud) -> None:
    account, token = begin(cloud)
    cloud.call("s3", "POST", PATH, headers=ASYNC, body=NEW, token=token)
    cloud.cut_executions()
    cloud.settle()
    check_created(cloud, account, NEW)


def test_one_object_that_cannot_be_swept_does_not_keep_the_others_from_it(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token = begin(cloud)
    for name in ("a", "b", "c"):
        path = object_path(CONTAINER, name)
        cloud.call("s3", "POST", path, headers=ASYNC, body=name.encode(), token=token)
    cloud.cut_executions()
    read = objects.get

    def fail(key: ObjectKey) -> ObjectRecord | None:
        if key[2] == "a":
            raise KeyError("a cluster that has left the registry")
        return read(key)

    monkeypatch.setattr(objects, "get", fail)
    cloud.sweep()
    cloud.run_executions()
    assert cloud.unsettled() == ["a"]


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_what_is_gone_from_a_queue_is_done_by_the_sweeper(cloud: Cloud, lost: int) -> None:
    account, token = begin(cloud)
    down = CLUSTERS[lost]
    cloud.backends[down].refuse()
    cloud.call("s3", "POST", PATH, headers=ASYNC, body=NEW, token=token)
    cloud.run_executions()
    cloud.backends[down].accept()
    cloud.lose_messages()
    cloud.settle()
    check_created(cloud, account, NEW)


def test_a_message_that_nobody_knows_stays_in_the_queue(cloud: Cloud) -> None:
    bodies: list[Any] = [{"action": "explode"}, {}, [], "text", {"action": "put", "account": "a"}]
    for body in bodies:
        assert not cloud.repair("s3", body)


def test_a_function_that_dies_leaves_its_message_in_the_queue(cloud: Cloud) -> None:
    account, token = begin(cloud)
    cloud.call("s3", "POST", PATH, headers=SYNC, body=OLD, token=token)
    cloud.call("s3", "DELETE", PATH, headers=SYNC, token=token)
    before = cloud.queued()

    def die(name: str) -> None:
        raise Died(name)

    cloud.network.before = die
    cloud.pump()
    cloud.network.before = None
    assert cloud.queued() == before
    cloud.settle(sweep=False)
    assert cloud.replicas(account) == {cluster: {} for cluster in CLUSTERS}
