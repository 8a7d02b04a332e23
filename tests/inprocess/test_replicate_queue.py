"""What was acknowledged waits in a queue, whose readers hold what they read until it is done."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest

from mcos import limits
from mcos.model.clusters import ClusterState
from mcos.versions import replicate_queue
from tests.support.cloud import ASYNC, SYNC, Cloud
from tests.support.environment import ALL_CLUSTERS
from tests.support.network import Manner
from tests.support.uploads import Sender
from tests.support.user import User

LARGE = bytes(range(256)) * 10

Answer = tuple[int, dict[str, str], bytes] | None


def only_message(cloud: Cloud, cluster: str = "s3") -> Any:
    """The body of the one message in a cluster's replicate queue."""
    (message,) = cloud.replicate_queue(cluster).messages
    return json.loads(message.body)


def hidden_for(cloud: Cloud, cluster: str = "s3") -> list[int]:
    """Hand over the one message of a cluster as ``replicate_version``'s queue does; for how many
    seconds it was hidden afterwards, if it stays."""
    told: list[int] = []

    def note(request: AWSPreparedRequest) -> Answer:
        told.append(int(json.loads(request.body)["VisibilityTimeout"]))
        return 200, {}, b"{}"

    cloud.network.answers["sqs:ChangeMessageVisibility"] = note
    try:
        stays = not cloud.replicate(cluster, only_message(cloud, cluster))
    finally:
        del cloud.network.answers["sqs:ChangeMessageVisibility"]
    assert stays == bool(told)
    return told


def test_two_hundred_creates_are_taken_while_nothing_is_replicated(
    cloud: Cloud, user: User
) -> None:
    names = [f"{number:03}" for number in range(200)]
    for name in names:
        assert user.create(name, name.encode(), ASYNC).status == 202
    assert cloud.executed == []
    assert cloud.waiting()["s3"] == 200
    cloud.settle(sweep=False)
    assert len(cloud.executed) == 200
    assert all(user.stat(name)["state"] == "CREATED" for name in names)
    cloud.check_storage(user.account)


def test_a_message_is_held_until_its_execution_has_ended(cloud: Cloud, user: User) -> None:
    """So there are never more executions than messages in the readers' hands."""
    assert user.create("a", b"bytes", ASYNC).status == 202
    at_work: list[dict[str, int]] = []
    execute = cloud.network.answers["sfn:StartSyncExecution"]

    def run(request: AWSPreparedRequest) -> Answer:
        at_work.append(cloud.waiting())
        return execute(request)

    cloud.network.answers["sfn:StartSyncExecution"] = run
    try:
        cloud.run_executions()
    finally:
        cloud.network.answers["sfn:StartSyncExecution"] = execute
    assert at_work == [dict.fromkeys(ALL_CLUSTERS, 0)]  # visible to other readers: none
    assert len(cloud.executed) == 1
    assert user.stat("a")["state"] == "CREATED"
    assert cloud.executions == []


def test_what_is_stored_already_is_not_run_again(cloud: Cloud, user: User) -> None:
    user.create("a", b"bytes", ASYNC)
    message = only_message(cloud)
    cloud.settle()
    with cloud.network.record() as calls:
        assert cloud.replicate("s3", message)
    assert [call.name for call in calls] == ["dynamodb:GetItem"]


def test_while_nothing_can_be_stored_the_message_stays_and_nothing_else_is_queued(
    cloud: Cloud, user: User
) -> None:
    for backend in cloud.backends.values():
        backend.refuse()
    user.create("a", b"bytes", ASYNC)
    for _ in range(5):
        assert hidden_for(cloud) == [5]
    assert not any(cloud.queued().values())
    for backend in cloud.backends.values():
        backend.accept()
    assert hidden_for(cloud) == []
    assert user.stat("a")["state"] == "CREATED"


def test_what_readers_see_is_left_to_the_repair_queue_of_the_missing_replica(
    cloud: Cloud, user: User
) -> None:
    cloud.backends["ceph"].refuse()
    user.create("a", b"bytes", ASYNC)
    assert hidden_for(cloud) == []
    assert user.download("a").body == b"bytes"
    assert cloud.queued() == {**dict.fromkeys(ALL_CLUSTERS, 0), "ceph": 1}


def refusing(code: str, status: int = 400) -> Callable[[AWSPreparedRequest], Answer]:
    told = json.dumps({"__type": code, "message": "not now"}).encode()
    return lambda request: (status, {"content-type": "application/x-amz-json-1.0"}, told)


def test_an_execution_that_is_throttled_is_tried_again_soon(cloud: Cloud, user: User) -> None:
    user.create("a", b"bytes", ASYNC)
    real = cloud.network.answers["sfn:StartSyncExecution"]
    cloud.network.answers["sfn:StartSyncExecution"] = refusing("ThrottlingException")
    try:
        assert hidden_for(cloud) == [5]
    finally:
        cloud.network.answers["sfn:StartSyncExecution"] = real
    assert hidden_for(cloud) == []


def test_an_execution_whose_reply_is_lost_is_not_run_again_before_it_has_ended(
    cloud: Cloud, user: User
) -> None:
    user.create("a", b"bytes", ASYNC)
    after_the_look_at_the_record = 1
    with cloud.network.record((after_the_look_at_the_record, Manner.LOST)) as calls:
        assert hidden_for(cloud) == [60]
    assert calls[after_the_look_at_the_record].name == "sfn:StartSyncExecution"


def test_a_cluster_that_is_down_is_left_out_while_readers_need_it_not(
    cloud: Cloud, user: User
) -> None:
    user.create("a", b"bytes", ASYNC)
    cloud.register("ceph", state=ClusterState.DOWN)
    cloud.chill()
    with cloud.network.record() as calls:
        assert hidden_for(cloud) == []
    assert {call.cluster for call in calls if call.name == "backend:put"} == {"s3", "swift"}
    assert cloud.queued()["ceph"] == 0  # the catalog says what it lacks
    cloud.register("ceph")
    cloud.settle()
    cloud.check_storage(user.account)


def test_what_is_missing_on_a_cluster_that_is_unlinked_keeps_no_message(
    cloud: Cloud, user: User
) -> None:
    cloud.backends["ceph"].refuse()
    user.create("a", b"bytes", ASYNC)
    message = only_message(cloud)
    assert hidden_for(cloud) == []
    cloud.unregister("ceph")
    cloud.chill()
    executed = len(cloud.executed)
    assert cloud.replicate("s3", message)
    assert len(cloud.executed) == executed


@pytest.fixture
def hanging(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lets a cluster's backend hang: a call takes all the time that a target has, and fails."""

    def hang(cluster: str) -> None:
        backend = cloud.backends[cluster]
        backend.refuse()
        real = backend._call

        def call(*args: Any) -> Any:
            cloud.clock.advance(19)
            return real(*args)

        monkeypatch.setattr(backend, "_call", call)

    return hang


def test_a_backend_that_hangs_holds_up_one_message_and_not_those_behind_it(
    cloud: Cloud, user: User, hanging: Callable[[str], None]
) -> None:
    hanging("swift")
    for name in ("a", "b", "c"):
        user.create(name, name.encode(), ASYNC)
    with cloud.network.record() as calls:
        cloud.run_executions()
    puts = [call.cluster for call in calls if call.name == "backend:put"]
    assert puts.count("swift") == 1
    assert (puts.count("s3"), puts.count("ceph")) == (3, 3)
    assert cloud.queued()["swift"] == 3
    assert all(user.download(name).body == name.encode() for name in ("a", "b", "c"))


def test_a_backend_that_hung_is_asked_again_a_minute_later(
    cloud: Cloud, user: User, hanging: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging("swift")
    user.create("a", b"a", ASYNC)
    cloud.run_executions()
    monkeypatch.undo()
    cloud.backends["swift"].accept()
    cloud.clock.advance(61)
    user.create("b", b"b", ASYNC)
    cloud.run_executions()
    assert user.stat("b")["state"] == "CREATED"


@pytest.mark.parametrize(
    ("waiting", "hours", "sent"), [(100, 0, 1), (101, 0, 0), (101, 2, 1), (1001, 2, 0)]
)
def test_the_sweeper_queues_again_what_is_hardly_in_the_queue_still(
    cloud: Cloud, user: User, monkeypatch: pytest.MonkeyPatch, waiting: int, hours: int, sent: int
) -> None:
    user.create("a", b"bytes", ASYNC)
    cloud.cut_executions()
    cloud.clock.advance(hours * 3600 + 1)
    counts = {
        "ApproximateNumberOfMessages": str(waiting - 50),
        "ApproximateNumberOfMessagesNotVisible": "50",
    }
    told = json.dumps({"Attributes": counts}).encode()
    cloud.network.answers["sqs:GetQueueAttributes"] = lambda request: (200, {}, told)
    try:
        cloud.sweep("s3")
    finally:
        del cloud.network.answers["sqs:GetQueueAttributes"]
    assert cloud.waiting()["s3"] == sent
    assert cloud.executed == []


def test_whatever_the_sweepers_see_during_a_long_outage_the_queue_stays_short(
    cloud: Cloud, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replicate_queue, "_BACKLOG", 5)
    monkeypatch.setattr(replicate_queue, "_BACKLOG_OF_OLD", 7)
    for backend in cloud.backends.values():
        backend.refuse()
    for number in range(4):
        user.create(str(number), b"bytes", ASYNC)
    for _ in range(10):
        cloud.clock.advance(600)
        cloud.sweep()
        cloud.run_executions()
    assert 4 <= cloud.waiting()["s3"] <= 8
    assert not any(cloud.queued().values())
    for backend in cloud.backends.values():
        backend.accept()
    cloud.settle()
    cloud.check_storage(user.account)


@pytest.fixture
def large(user: User, small_parts: None) -> None:
    """A content whose replicas are written in parts was taken."""
    sender = Sender(user)
    upload = sender.begin("large", LARGE)
    sender.send(upload, LARGE)
    assert sender.complete(upload).status == 202


@pytest.mark.usefixtures("large")
def test_the_message_of_a_large_content_stays_until_its_replicas_are_stored(
    cloud: Cloud, user: User
) -> None:
    assert hidden_for(cloud) == [900]
    assert len(cloud.executions) == 1
    assert hidden_for(cloud) == [900]
    assert len(cloud.executions) == 1, "one is running"
    message = only_message(cloud)
    cloud.drop_message("s3")
    cloud.run_executions()
    assert user.stat("large")["state"] == "CREATED"
    assert cloud.replicate("s3", message)
    assert cloud.executions == []


@pytest.mark.usefixtures("large")
def test_a_large_content_whose_execution_was_lost_is_begun_again(cloud: Cloud, user: User) -> None:
    assert hidden_for(cloud) == [900]
    cloud.executions.clear()
    assert hidden_for(cloud) == [900]
    cloud.settle()
    assert user.download("large").body == LARGE


def test_only_so_many_large_contents_are_written_at_the_same_time(
    cloud: Cloud, user: User, small_parts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LARGE_EXECUTIONS", 2)
    sender = Sender(user)
    names = [f"large-{number}" for number in range(5)]
    for name in names:
        upload = sender.begin(name, LARGE)
        sender.send(upload, LARGE)
        assert sender.complete(upload).status == 202
    queue = cloud.replicate_queue("s3")
    for message in queue.messages:
        assert not cloud.replicate("s3", json.loads(message.body))
    assert len(cloud.executions) == 2
    cloud.settle(sweep=False)
    assert all(user.stat(name)["state"] == "CREATED" for name in names)


@pytest.mark.usefixtures("large")
def test_a_large_content_waits_for_others_to_be_written(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LARGE_EXECUTIONS", 0)
    assert hidden_for(cloud) == [120]
    assert cloud.executions == []


@pytest.mark.parametrize("body", [{}, {"account": "a"}, [], "text", 5])
def test_a_message_that_nobody_understands_stays(cloud: Cloud, body: Any) -> None:
    assert not cloud.replicate("s3", body)


def test_a_synchronous_create_queues_nothing(cloud: Cloud, user: User) -> None:
    assert user.create("a", b"bytes", SYNC).status == 201
    assert not any(cloud.waiting().values())


@pytest.mark.parametrize(("throttled", "status"), [(3, 201), (1000, 503)])
def test_a_synchronous_create_that_is_throttled_is_tried_again_while_its_caller_waits(
    cloud: Cloud, user: User, throttled: int, status: int
) -> None:
    real = cloud.network.answers["sfn:StartSyncExecution"]
    refuse, asked = refusing("ThrottlingException"), 0

    def answer(request: AWSPreparedRequest) -> Answer:
        nonlocal asked
        asked += 1
        return refuse(request) if asked <= throttled else real(request)

    cloud.network.answers["sfn:StartSyncExecution"] = answer
    try:
        assert user.create("a", b"bytes", {"prefer": "wait=10"}).status == status
    finally:
        cloud.network.answers["sfn:StartSyncExecution"] = real
    assert 3 < asked < 8
    cloud.settle()
    cloud.check_storage(user.account)
