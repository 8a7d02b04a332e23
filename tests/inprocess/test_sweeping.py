"""The sweeper in long outages: it is quick to help what was just taken, asks nothing of a cluster
that is DOWN, and brings back no more at once than that cluster can do when it is back."""

import json
from dataclasses import replace

import pytest

from mcos.catalog import objects
from mcos.catalog.registry import write_health
from mcos.model.clusters import ClusterState, Health
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.model.versions import Removal
from mcos.replicas.repair_queue import put_message, remove_message
from tests.support.cloud import ASYNC, CLUSTERS, SYNC, Cloud, arn
from tests.support.environment import cluster_environment
from tests.support.gateway import sqs_event
from tests.support.paths import object_path
from tests.support.user import User

DAY = 24 * 3600
MINUTE = 60
OWED = 300


def owe(
    cloud: Cloud, user: User, *, missing: str = "ceph", number: int = OWED, name: str = "owed"
) -> ObjectRecord:
    """Let objects lack the replica of a cluster that is DOWN; the rows are written directly."""
    cloud.register(missing, state=ClusterState.DOWN)
    cloud.backends[missing].refuse("put")
    assert user.create(f"{name}-0", b"bytes", ASYNC).status == 202
    cloud.run_executions()
    cloud.pump()
    assert messages(cloud) == 0
    record = cloud.record(user.account, "photos", f"{name}-0")
    assert record is not None
    assert record.waits_for == (missing,)
    with cloud.at("s3"), cloud.network.outside():
        for index in range(number):
            one = replace(record, name=f"{name}-{index}")
            objects.change(one.key, lambda found, one=one: one)  # type: ignore[misc]
    return record


def sweep(cloud: Cloud, *clusters: str) -> int:
    """Sweep as the schedule does; returns the number of network calls."""
    with cloud.network.record() as calls:
        for cluster in clusters:
            cloud.invoke(arn(cluster, "sweep_pending"), {})
    return len(calls)


def messages(cloud: Cloud) -> int:
    """How many messages wait, in all queues."""
    return sum((*cloud.queued().values(), *cloud.waiting().values()))


def test_a_day_of_outage_costs_as_much_whatever_is_owed(cloud: Cloud, user: User) -> None:
    owe(cloud, user, number=3)
    few = []
    for _ in range(24):
        cloud.clock.advance(DAY / 24)
        few.append(sweep(cloud, *CLUSTERS))
    user.token = cloud.token(user.account)
    owe(cloud, user, name="more")
    many = []
    for _ in range(24):
        cloud.clock.advance(DAY / 24)
        many.append(sweep(cloud, *CLUSTERS))
    assert many == few
    assert max(many) <= 6 * len(CLUSTERS)
    assert messages(cloud) == 0


def test_a_cluster_that_is_back_gets_what_it_lacks_in_steps_that_it_can_take(
    cloud: Cloud, user: User
) -> None:
    owe(cloud, user)
    cloud.clock.advance(DAY)
    cloud.backends["ceph"].accept()
    cloud.register("ceph")
    most = 0
    for _ in range(20):
        if not cloud.unsettled():
            break
        cloud.clock.advance(10 * MINUTE)
        sweep(cloud, *CLUSTERS)
        sweep(cloud, *CLUSTERS)  # nobody has repaired anything yet
        most = max(most, cloud.queued()["ceph"])
        cloud.pump()
    assert not cloud.unsettled()
    assert 100 <= most <= 200
    assert {one.state for one in cloud.records(user.account)} == {"CREATED"}


@pytest.mark.parametrize("hidden", [True, False])
def test_messages_that_never_succeed_keep_no_replica_from_being_written(
    cloud: Cloud, user: User, hidden: bool
) -> None:
    """Whether they wait for their next try at this moment or not."""
    owe(cloud, user, number=30)
    cloud.backends["ceph"].accept()
    cloud.backends["ceph"].refuse("delete")
    cloud.register("ceph")
    queue = cloud.repair_queue("ceph")
    with cloud.network.outside():
        for number in range(250):
            removal = Removal("ceph", f"{number:026}", "an incarnation")
            message = json.dumps(remove_message(user.account, removal))
            cloud.send(cluster_environment("ceph")["MCOS_REPAIR_QUEUE_URL"], message)
    if hidden:
        for one in queue.messages:
            one.mark_received(DAY)
    rounds = 0
    while cloud.unsettled():
        rounds += 1
        assert rounds <= (1 if hidden else 4)
        cloud.clock.advance(10 * MINUTE)
        sweep(cloud, "ceph")
        for one in queue.messages:
            body = json.loads(one.body)
            if body["action"] == "put":
                assert cloud.repair("ceph", body)


def test_what_was_taken_and_lost_is_found_at_once_whatever_else_waits(
    cloud: Cloud, user: User
) -> None:
    owe(cloud, user)
    cloud.clock.advance(DAY)
    user.token = cloud.token(user.account)
    assert user.create("fresh", b"acknowledged", ASYNC).status == 202
    cloud.drop_message("s3")
    cloud.clock.advance(10 * MINUTE)
    assert sweep(cloud, "s3") < 20
    assert cloud.waiting()["s3"] == 1


def test_an_object_that_stays_as_it_is_is_looked_at_ever_more_rarely(
    cloud: Cloud, user: User
) -> None:
    for name in CLUSTERS:
        cloud.backends[name].refuse("put")
    assert user.create("a", b"bytes", ASYNC).status == 202
    cloud.drop_message("s3")
    sent = 0
    for _ in range(DAY // (10 * MINUTE)):
        cloud.clock.advance(10 * MINUTE)
        sweep(cloud, "s3")
        if cloud.waiting()["s3"]:
            cloud.drop_message("s3")
            sent += 1
    assert 20 <= sent <= 32
    for name in CLUSTERS:
        cloud.backends[name].accept()
    user.token = cloud.token(user.account)
    assert user.update("a", b"a change", ASYNC).status == 202
    cloud.drop_message("s3")
    cloud.clock.advance(10 * MINUTE)
    sweep(cloud, "s3")
    assert cloud.waiting()["s3"] == 1
    cloud.settle()
    assert user.download("a").body == b"a change"


def test_an_object_that_two_clusters_lack_waits_for_the_one_that_is_up(
    cloud: Cloud, user: User
) -> None:
    assert user.create("a", b"bytes", ASYNC).status == 202
    cloud.backends["ceph"].refuse("put")
    cloud.backends["swift"].refuse("put")
    with cloud.network.outside():
        write_health("ceph", Health(healthy=False))
        write_health("swift", Health(healthy=False))
    cloud.run_executions()
    cloud.run_executions()
    cloud.clock.advance(DAY)
    user.token = cloud.token(user.account)
    sweep(cloud, *CLUSTERS)
    assert messages(cloud) == 0
    assert user.download("a").body == b"bytes"
    cloud.backends["swift"].accept()
    with cloud.network.outside():
        write_health("swift", Health())
    for _ in range(12):
        cloud.clock.advance(70 * MINUTE)
        sweep(cloud, *CLUSTERS)
        cloud.run_executions()
        cloud.pump()
    record = cloud.record(user.account, "photos", "a")
    assert record is not None
    assert record.waits_for == ("ceph",)
    cloud.backends["ceph"].accept()
    cloud.register("ceph")
    with cloud.network.outside():
        write_health("ceph", Health())
    cloud.settle()
    cloud.check_storage(user.account)


def test_what_a_cluster_took_before_it_fell_silent_is_finished_by_another(
    cloud: Cloud, user: User
) -> None:
    """None of its functions works any more; its staging and its backend can be reached."""
    for name in CLUSTERS:
        cloud.invoke(arn(name, "check_health"), {})
    assert user.create("a", b"acknowledged", ASYNC, at="ceph").status == 202
    cloud.drop_message("ceph")
    for _ in range(4):
        cloud.clock.advance(10 * MINUTE)
        for name in ("s3", "swift"):
            cloud.invoke(arn(name, "check_health"), {})
        sweep(cloud, "s3", "swift")
        cloud.run_executions()
    states = {one["cluster"]: one["state"] for one in user.stat("a")["replicas"]}
    assert states == {"s3": "stored", "swift": "stored", "ceph": "writing"}
    assert user.download("a", at="s3").body == b"acknowledged"


def test_a_backend_that_is_down_is_asked_for_nothing(cloud: Cloud, user: User) -> None:
    assert user.create("a", b"bytes", SYNC).status == 201
    cloud.register("ceph", state=ClusterState.DOWN)
    assert user.call("DELETE", object_path("photos", "a"), b"", SYNC).status == 204
    with cloud.network.record() as calls:
        cloud.pump()
    assert not [one for one in calls if one.cluster == "ceph" and one.name.startswith("backend:")]
    assert cloud.queued()["ceph"] == 1
    cloud.register("ceph")
    cloud.settle()
    cloud.check_storage(user.account)


@pytest.mark.parametrize("tries", [4, 5])
def test_a_replica_that_cannot_be_written_is_left_to_the_sweeper_in_the_end(
    cloud: Cloud, user: User, tries: int
) -> None:
    assert user.create("a", b"bytes", ASYNC).status == 202
    cloud.backends["ceph"].refuse("put")
    cloud.run_executions()
    cloud.lose_messages()
    message = put_message(ObjectKey(user.account, "photos", "a"), user.stat("a")["version"])
    event = sqs_event(json.dumps(message))
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = str(tries)
    answer = cloud.invoke(arn("ceph", "repair_replica"), event)
    assert bool(answer["batchItemFailures"]) == (tries < 5)
    cloud.backends["ceph"].accept()
    cloud.settle()
    cloud.check_storage(user.account)


def test_a_removal_waits_as_long_as_its_cluster_is_away(cloud: Cloud, user: User) -> None:
    """Twenty days: longer than a queue keeps a message."""
    assert user.create("a", b"bytes", SYNC).status == 201
    cloud.register("ceph", state=ClusterState.DOWN)
    assert user.call("DELETE", object_path("photos", "a"), b"", SYNC).status == 204
    queue = cloud.repair_queue("ceph")
    born = cloud.clock.moment()
    for _ in range(20):
        cloud.clock.advance(DAY)
        [message] = queue.messages
        event = sqs_event(message.body)
        event["Records"][0]["attributes"]["SentTimestamp"] = str(int(born.timestamp() * 1000))
        answer = cloud.invoke(arn("ceph", "repair_replica"), event)
        if not answer["batchItemFailures"]:  # it was sent anew
            born = cloud.clock.moment()
            message.mark_received(0)
            queue.delete_message(message.receipt_handle or "")
        assert (cloud.clock.moment() - born).days <= 4
    assert cloud.queued()["ceph"] == 1
    cloud.register("ceph")
    cloud.settle()
    cloud.check_storage(user.account)


@pytest.mark.parametrize(
    "body",
    [
        [],
        "text",
        5,
        {},
        {"action": "remove", "account": 5, "version": 6},
        {"action": "remove", "account": "ada"},
        {"action": "unstage", "key": 5, "staged": None},
        {"action": "dispose", "account": "ada", "container": "photos", "object": 5},
        {"action": "put", "account": "ada", "container": "photos", "object": "a", "version": 5},
    ],
)
def test_a_message_that_nobody_understands_is_not_kept_for_ever(cloud: Cloud, body: object) -> None:
    """Only what a later try may do is sent anew; the others end in the dead-letter queue."""
    event = sqs_event(json.dumps(body))
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "501"
    answer = cloud.invoke(arn("ceph", "repair_replica"), event)
    assert answer["batchItemFailures"]
    assert cloud.queued()["ceph"] == 0
