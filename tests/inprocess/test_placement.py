"""Where replicas go: spares in place of what fails, storage policies, clusters that are down."""

import pytest

from mcos.catalog import containers
from mcos.model.clusters import ClusterState, PolicyPart, StoragePolicy
from mcos.model.objects import ObjectKey
from tests.support.cloud import ASYNC, SYNC, Cloud
from tests.support.environment import ALL_CLUSTERS, CLUSTERS, MORE_CLUSTERS
from tests.support.paths import container_path, object_path, stat_path
from tests.support.uploads import Sender
from tests.support.user import User

FAST_AND_BACKUP = StoragePolicy(
    "fast-and-backup",
    (PolicyPart(1, must={"speed": "fast"}), PolicyPart(2, must={"speed": "slow"})),
    readable=1,
)
SPEED = {"s3": "fast", "swift": "slow", "ceph": "slow", "swift-2": "slow", "s3-2": "fast"}


@pytest.fixture
def five(cloud: Cloud) -> Cloud:
    """Five linked clusters, two of them fast."""
    for name in ALL_CLUSTERS:
        cloud.register(name, labels={"speed": SPEED[name]})
    return cloud


def holders(cloud: Cloud, user: User, name: str) -> set[str]:
    """The clusters that hold an object's current version, and nothing else of the account."""
    record = cloud.record(user.account, "photos", name)
    assert record is not None
    assert record.current is not None
    held = cloud.replicas(user.account)
    found = {cluster for cluster, bodies in held.items() if record.current.id in bodies}
    assert found == set(record.current.replicas)
    return found


@pytest.mark.parametrize("failing", [1, 2])
def test_a_target_that_fails_is_replaced_by_the_next_spare(
    five: Cloud, user: User, failing: int
) -> None:
    targets = five.targets(ObjectKey(user.account, "photos", "a"))
    for name in targets[:failing]:
        five.backends[name].refuse()
    reply = user.create("a", b"bytes", SYNC)
    assert (reply.status, reply.headers["x-mcos-replicas"]) == (201, "3/3")
    assert holders(five, user, "a").isdisjoint(targets[:failing])
    for name in targets[:failing]:
        five.backends[name].accept()
    five.settle()
    five.check_storage(user.account)


def test_a_spare_that_fails_too_is_replaced_by_the_one_behind_it(five: Cloud, user: User) -> None:
    key = ObjectKey(user.account, "photos", "a")
    targets = five.targets(key)
    spare = next(name for name in _ranked(five, key) if name not in targets)
    for name in (targets[0], spare):
        five.backends[name].refuse("put")
    assert user.create("a", b"bytes", SYNC).status == 201
    assert holders(five, user, "a").isdisjoint({targets[0], spare})


def _ranked(cloud: Cloud, key: ObjectKey) -> list[str]:
    everywhere = StoragePolicy("all", (PolicyPart(len(ALL_CLUSTERS)),), readable=1)
    return cloud.targets(key, everywhere)


def test_nothing_is_left_when_the_spares_run_out(five: Cloud, user: User) -> None:
    for name in ALL_CLUSTERS[:3]:
        five.backends[name].refuse("put")
    reply = user.create("a", b"bytes", SYNC)
    assert (reply.status, reply.code) == (503, "replication_failed")
    for name in ALL_CLUSTERS[:3]:
        five.backends[name].accept()
    five.settle()
    assert user.call("GET", stat_path("photos", "a")).status == 404
    five.check_storage(user.account)
    assert not any(five.replicas(user.account).values())


def test_a_caller_whose_wait_ends_while_spares_are_chosen_is_told_and_the_name_is_free(
    five: Cloud, user: User
) -> None:
    five.backends[five.targets(ObjectKey(user.account, "photos", "a"))[0]].refuse("put")
    writes = 0

    def let_time_pass_at_the_exchange(name: str) -> None:
        nonlocal writes
        writes += name == "dynamodb:PutItem"
        if writes == 2:
            five.network.before = None
            five.clock.advance(60)

    five.network.before = let_time_pass_at_the_exchange
    reply = user.create("a", b"bytes", SYNC)
    assert writes == 2
    assert (reply.status, reply.code) == (503, "replication_failed")
    assert user.create("a", b"other bytes", ASYNC).status in (202, 409)
    for backend in five.backends.values():
        backend.accept()
    five.settle()
    five.check_storage(user.account)


@pytest.mark.parametrize("prefer", [SYNC, ASYNC], ids=["sync", "async"])
def test_a_cluster_that_is_down_is_not_even_asked(
    five: Cloud, user: User, prefer: dict[str, str]
) -> None:
    down = five.targets(ObjectKey(user.account, "photos", "a"))[0]
    five.register(down, state=ClusterState.DOWN)
    with five.network.record() as calls:
        assert user.create("a", b"bytes", prefer).status in (201, 202)
        five.run_executions()
    assert not [call for call in calls if call.cluster == down and call.name == "backend:put"]
    assert down not in holders(five, user, "a")


def test_what_is_taken_asynchronously_waits_for_clusters_that_are_down_if_there_are_no_others(
    cloud: Cloud, user: User
) -> None:
    for name in CLUSTERS[:2]:
        cloud.register(name, state=ClusterState.DOWN)
        cloud.backends[name].refuse()
    assert user.create("a", b"bytes", SYNC).code == "not_enough_clusters"
    assert user.create("a", b"bytes", ASYNC).status == 202
    cloud.run_executions()
    assert user.stat("a")["state"] == "CREATING"
    for name in CLUSTERS[:2]:
        cloud.backends[name].accept()
        cloud.register(name)
    cloud.settle()
    assert user.stat("a")["state"] == "CREATED"
    cloud.check_storage(user.account)


def test_a_cluster_that_is_draining_takes_no_replica_in_either_mode(
    cloud: Cloud, user: User
) -> None:
    cloud.register("ceph", state=ClusterState.DRAINING)
    for prefer in (SYNC, ASYNC):
        reply = user.create("a", b"bytes", prefer)
        assert (reply.status, reply.code) == (503, "not_enough_clusters")
        assert int(reply.headers["retry-after"]) > 0
    assert cloud.staged() == set()


@pytest.mark.parametrize("prefer", [SYNC, ASYNC], ids=["sync", "async"])
def test_objects_are_placed_by_the_policy_of_their_container(
    five: Cloud, user: User, prefer: dict[str, str]
) -> None:
    five.write_policy(FAST_AND_BACKUP)
    headers = {"x-storage-policy": "fast-and-backup"}
    assert user.call("PUT", container_path("photos-2"), headers=headers).status == 201
    five.chill()
    for number in range(4):
        path = object_path("photos-2", f"{number}")
        assert user.call("POST", path, b"bytes", prefer).status in (201, 202)
        five.settle()
        stat = user.call("GET", stat_path("photos-2", f"{number}")).json()
        speeds = sorted(SPEED[one["cluster"]] for one in stat["replicas"])
        assert speeds == ["fast", "slow", "slow"]
        assert stat["state"] == "CREATED"
    five.check_storage(user.account)


def test_a_warm_function_knows_a_containers_policy_and_makes_no_call_more(
    five: Cloud, user: User
) -> None:
    five.write_policy(FAST_AND_BACKUP)
    headers = {"x-storage-policy": "fast-and-backup"}
    user.call("PUT", container_path("photos-2"), headers=headers)
    for name in ("cold", "warm"):
        with five.network.record() as calls:
            assert user.call("POST", object_path("photos-2", name), b"bytes", SYNC).status == 201
    own = [call for call in calls if call.function == "create_object"]
    assert len(own) == 3, own


TWO = StoragePolicy("two", (PolicyPart(2),), readable=1)


@pytest.fixture
def pair(cloud: Cloud, user: User) -> Cloud:
    """Two clusters, enough for the policy of the container ``pairs`` and not for the default."""
    cloud.write_policy(TWO)
    made = user.call("PUT", container_path("pairs"), headers={"x-storage-policy": "two"})
    assert made.status == 201
    cloud.unregister("ceph")
    cloud.chill()
    return cloud


@pytest.mark.parametrize("how", [SYNC, ASYNC])
def test_a_wrong_guess_at_a_containers_policy_refuses_nothing(
    pair: Cloud, user: User, how: dict[str, str]
) -> None:
    assert user.call("POST", object_path("pairs", "a"), b"bytes", how).status in (201, 202)
    pair.settle()
    record = pair.record(user.account, "pairs", "a")
    assert record is not None
    assert record.current is not None
    assert set(record.current.replicas) == {"s3", "swift"}


def test_a_wrong_guess_at_a_containers_policy_refuses_no_upload(pair: Cloud, user: User) -> None:
    sender = Sender(user)
    upload = sender.begin("a", b"bytes", container="pairs")
    sender.send(upload, b"bytes")
    containers.forget()
    assert pair.ingest("s3", sender.event(upload)) == []
    pair.settle()
    assert user.call("GET", object_path("pairs", "a")).body == b"bytes"


def test_an_object_may_name_another_policy_and_keeps_it(five: Cloud, user: User) -> None:
    five.write_policy(FAST_AND_BACKUP)
    named = {**SYNC, "x-storage-policy": "fast-and-backup"}
    assert user.create("a", b"bytes", named).status == 201
    assert user.update("a", b"other", SYNC).status == 200
    assert sorted(SPEED[name] for name in holders(five, user, "a")) == ["fast", "slow", "slow"]
    assert user.stat("a")["storage_policy"] == "fast-and-backup"
    back = {**SYNC, "x-storage-policy": "default"}
    assert user.update("a", b"third", back).status == 200
    assert user.stat("a")["storage_policy"] == "default"


@pytest.mark.parametrize("call", ["create", "update"])
def test_a_policy_that_there_is_not_is_refused_and_changes_nothing(
    cloud: Cloud, user: User, call: str
) -> None:
    user.create("a", b"bytes", SYNC)
    headers = {**SYNC, "x-storage-policy": "no-such"}
    reply = user.create("b", b"x", headers) if call == "create" else user.update("a", b"x", headers)
    assert (reply.status, reply.code) == (400, "unknown_storage_policy")
    assert user.download("a").body == b"bytes"
    assert user.download("b").status == 404
    cloud.check_storage(user.account)
    assert cloud.staged() == set()


def test_a_policy_says_from_how_many_replicas_on_a_version_is_readable(
    five: Cloud, user: User
) -> None:
    five.write_policy(FAST_AND_BACKUP)
    for name in ("swift", "ceph", "swift-2"):
        five.backends[name].refuse()
    headers = {**ASYNC, "x-storage-policy": "fast-and-backup"}
    assert user.create("readable", b"bytes", headers).status == 202
    five.run_executions()
    assert user.download("readable").body == b"bytes"
    assert user.stat("readable")["state"] == "CREATING"


def test_an_update_is_placed_where_clusters_are_up_now(five: Cloud, user: User) -> None:
    user.create("a", b"bytes", SYNC)
    before = holders(five, user, "a")
    gone = min(before)
    five.register(gone, state=ClusterState.DOWN)
    assert user.update("a", b"other", SYNC).status == 200
    assert gone not in holders(five, user, "a")
    assert set(MORE_CLUSTERS) & holders(five, user, "a") or before != set(CLUSTERS)
