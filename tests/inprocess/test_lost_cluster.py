"""A cluster that never comes back: all that it had is whole elsewhere, without its help."""

import json
from typing import Any

import pytest
from moto.s3.models import s3_backends

from mcos.catalog import accounts, jobs, registry
from mcos.model.accounts import Role
from mcos.model.clusters import PolicyPart, StoragePolicy
from mcos.model.jobs import JobState
from mcos.model.objects import ObjectKey, State
from tests.support.cloud import ASYNC, SYNC, Cloud
from tests.support.environment import ACCOUNT_ID, MORE_CLUSTERS, cluster_environment
from tests.support.paths import container_path, object_path
from tests.support.uploads import Sender
from tests.support.user import User

LOST = "ceph"
OTHERS = ("s3", "swift", *MORE_CLUSTERS)
NAMES = [f"object-{number}" for number in range(8)]


@pytest.fixture
def five(cloud: Cloud) -> Cloud:
    for name in MORE_CLUSTERS:
        cloud.register(name)
    return cloud


def operate(cloud: Cloud, method: str, path: str, value: Any = None) -> Any:
    body = b"" if value is None else json.dumps(value).encode()
    reply = cloud.call("s3", method, path, body=body, token=cloud.token("ops"))
    assert reply.status in (200, 201, 202, 204), reply
    return reply.json() if reply.body else None


@pytest.fixture
def operators(five: Cloud) -> Cloud:
    with five.network.outside():
        assert accounts.create("ops", "hash", Role.ADMIN)
    return five


class Ruin:
    """Takes the cluster away: its backend and staging answer nobody, its queue must not be asked.

    Attributes
    ----------
    asked
        The calls that went to its queue, or came from its functions.
    """

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.asked: list[str] = []

    def begin(self) -> None:
        own = cluster_environment(LOST)
        queue = own["MCOS_REPAIR_QUEUE_URL"].encode()
        del s3_backends[ACCOUNT_ID]["aws"].buckets[own["MCOS_STAGING_BUCKET"]]

        def look(name: str) -> None:
            asked = self.cloud.network.asked
            body = asked if isinstance(asked, bytes) else str(asked).encode()
            is_sent = name.startswith("sqs:") and queue in body
            if is_sent or self.cloud.network.place[0] == LOST:
                self.asked.append(f"{self.cloud.network.place} {name}")

        self.cloud.backends[LOST].refuse()
        self.cloud.network.before = look


@pytest.fixture
def ruin(operators: Cloud) -> Ruin:
    return Ruin(operators)


def work(cloud: Cloud, job_id: str) -> str:
    """Let the other clusters work until the job is over."""
    for _ in range(20):
        cloud.work_at_jobs("s3")
        cloud.run_executions()
        cloud.sweep(*OTHERS)
        cloud.run_executions()
        cloud.pump()
        with cloud.network.outside():
            job = jobs.get(job_id)
        if job.state is not JobState.RUNNING:
            break
    return str(job.state)


def test_an_object_that_is_written_all_the_time_holds_up_no_job(
    operators: Cloud, ruin: Ruin, user: User
) -> None:
    """Nothing of it is replicated before it is written again, so the version before stays."""
    cloud = operators
    held: set[str] = set()
    number = 0
    while not held:
        name, number = f"hot-{number}", number + 1
        assert user.create(name, b"before", SYNC).status == 201
        held = set(cloud.replicas(user.account).get(LOST, {}))
    assert user.update(name, b"hot", ASYNC).status == 202
    ruin.begin()
    job = operate(cloud, "POST", f"/v1/admin/clusters/{LOST}/lose")["job"]
    for _ in range(10):
        assert user.update(name, b"hot", ASYNC).status == 202
        cloud.clock.advance(60)
        cloud.work_at_jobs("s3")
        assert user.download(name).body == b"hot"
    with cloud.network.outside():
        assert jobs.get(job).state is JobState.DONE
    work(cloud, job)
    operate(cloud, "DELETE", f"/v1/admin/clusters/{LOST}")
    assert user.download(name).body == b"hot"


def test_what_is_read_again_because_a_change_was_lost_is_made_whole(
    operators: Cloud, ruin: Ruin, user: User
) -> None:
    """The cluster had the only content of the change, and a replica of the version before."""
    cloud = operators
    for name in NAMES:
        assert user.create(name, name.encode(), SYNC).status == 201
    for name in NAMES:
        assert user.update(name, b"changed there", ASYNC, at=LOST).status == 202
    cloud.cut_executions()
    held = cloud.replicas(user.account)[LOST]
    assert held
    ruin.begin()
    job = operate(cloud, "POST", f"/v1/admin/clusters/{LOST}/lose", {"rate": 1000})["job"]
    assert work(cloud, job) == "DONE"
    for record in cloud.records(user.account):
        assert record.current is not None
        assert len(record.current.stored) == 3, record.name
        assert record.state is State.CREATED
        assert user.download(record.name).body == record.name.encode()


def test_a_lost_cluster_is_replaced_and_unlinked_without_its_help(
    operators: Cloud, ruin: Ruin, user: User
) -> None:
    cloud = operators
    for name in NAMES:
        assert user.create(name, name.encode(), SYNC).status == 201
    held = cloud.replicas(user.account)[LOST]
    assert held
    # It has accepted changes that it has not finished, and removals are owed to it.
    assert user.update(NAMES[0], b"changed there", ASYNC, at=LOST).status == 202
    path = object_path("photos", NAMES[1])
    assert user.call("DELETE", path, headers=ASYNC, at=LOST).status == 202
    upload = Sender(user, at=LOST).begin("never sent", b"bytes")
    cloud.lose_messages()
    cloud.cut_executions()
    ruin.begin()
    job = operate(cloud, "POST", f"/v1/admin/clusters/{LOST}/lose", {"rate": 1000})
    assert (job["kind"], job["state"], job["cluster"]) == ("lose", "RUNNING", LOST)
    assert operate(cloud, "POST", f"/v1/admin/clusters/{LOST}/lose")["job"] == job["job"]
    assert work(cloud, job["job"]) == "DONE"
    for record in cloud.records(user.account):
        assert not any(LOST in one.replicas for one in record.versions), record
        assert not any(one.cluster == LOST for one in record.removals), record
        assert record.state in (State.CREATED, State.FAILED)
        if record.current is not None:
            assert len(record.current.stored) == 3
    for name in NAMES[2:]:
        assert user.download(name).body == name.encode()
    # The change's content was in the lost staging alone; what readers saw before stays.
    assert user.download(NAMES[0]).body == NAMES[0].encode()
    assert user.download(NAMES[1]).status == 404
    assert operate(cloud, "DELETE", f"/v1/admin/clusters/{LOST}") is None
    with cloud.network.outside():
        found = registry.current_registry(fresh=True)
    assert LOST not in found.clusters
    assert found.unlinked == {LOST}
    cloud.clock.advance(8 * 24 * 3600)
    cloud.sweep(*OTHERS)
    user.token = cloud.token(user.account)
    reply = Sender(user).ask("GET", f"/{upload['upload']}")
    assert reply.status == 404
    assert ruin.asked == []


@pytest.mark.parametrize("how", [SYNC, ASYNC])
def test_what_a_lost_cluster_alone_had_fails_with_the_reason_and_holds_up_nothing(
    operators: Cloud, ruin: Ruin, user: User, how: dict[str, str]
) -> None:
    cloud = operators
    one = StoragePolicy("one", (PolicyPart(replicas=1),), readable=1)
    cloud.write_policy(one)
    headers = {"x-storage-policy": "one"}
    assert user.call("PUT", container_path("singles"), headers=headers).status == 201
    singles = {
        name: cloud.targets(ObjectKey(user.account, "singles", name), one) == [LOST]
        for name in map(str, range(12))
    }
    for name in singles:
        assert user.call("POST", object_path("singles", name), b"bytes", how).status < 300
    assert user.create("a", b"bytes", SYNC).status == 201
    cloud.settle()
    ruin.begin()
    job = operate(cloud, "POST", f"/v1/admin/clusters/{LOST}/lose", {"rate": 1000})
    assert work(cloud, job["job"]) == "DONE"
    assert any(singles.values())
    for name, was_there in singles.items():
        record = cloud.record(user.account, "singles", name)
        assert record is not None
        assert record.state is (State.FAILED if was_there else State.CREATED)
        assert bool(record.reason and LOST in record.reason) == was_there
    operate(cloud, "DELETE", f"/v1/admin/clusters/{LOST}")


def test_one_that_was_lost_and_unlinked_is_linked_again(
    operators: Cloud, ruin: Ruin, user: User
) -> None:
    """As another one, which has nothing."""
    cloud = operators
    for name in NAMES:
        assert user.create(name, name.encode(), SYNC).status == 201
    ruin.begin()
    job = operate(cloud, "POST", f"/v1/admin/clusters/{LOST}/lose", {"rate": 1000})
    assert work(cloud, job["job"]) == "DONE"
    operate(cloud, "DELETE", f"/v1/admin/clusters/{LOST}")
    with cloud.network.outside():
        row = registry.read(registry.CLUSTER, OTHERS[0])
    assert row is not None
    told = {name: value for name, value in row.items() if name not in ("region", "account_id")}
    linked = operate(cloud, "PUT", f"/v1/admin/clusters/{LOST}", told)
    assert linked["state"] == "ACTIVE"


def test_a_lost_cluster_takes_nothing_and_is_not_read(
    operators: Cloud, ruin: Ruin, user: User
) -> None:
    cloud = operators
    for name in NAMES:
        assert user.create(name, name.encode(), SYNC).status == 201
    ruin.begin()
    operate(cloud, "POST", f"/v1/admin/clusters/{LOST}/lose")
    cloud.chill()
    for name in NAMES:
        assert user.download(name).body == name.encode()
    for number in range(6):
        assert user.create(f"new-{number}", b"bytes", SYNC).status == 201
        assert user.create(f"newer-{number}", b"bytes", ASYNC).status == 202
    for record in cloud.records(user.account):
        if record.name.startswith("new"):
            assert LOST not in record.latest.replicas
    assert ruin.asked == []


def test_an_object_that_names_a_cluster_that_is_not_linked_is_made_whole_by_a_rebalance(
    operators: Cloud, user: User
) -> None:
    """Its row went without a drain: nothing else would ever write the replica again."""
    cloud = operators
    for name in NAMES:
        assert user.create(name, name.encode(), SYNC).status == 201
    assert cloud.replicas(user.account)[LOST]
    cloud.unregister(LOST)
    cloud.backends[LOST].refuse()
    job = operate(cloud, "POST", "/v1/admin/jobs", {"kind": "rebalance", "rate": 1000})
    assert work(cloud, job["job"]) == "DONE"
    for record in cloud.records(user.account):
        assert record.current is not None
        assert LOST not in record.current.replicas
        assert len(record.current.stored) == 3
        assert record.state is State.CREATED
