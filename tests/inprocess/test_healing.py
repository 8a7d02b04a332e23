"""A replica that is damaged or gone behind MCOS's back is never served, and is whole again."""

import threading
from collections.abc import Callable, Collection
from concurrent.futures import Future
from io import BytesIO
from typing import Any

import pytest

from mcos import limits
from mcos.catalog.registry import write_health
from mcos.catalog.tables import ContainerItem
from mcos.model.clusters import ClusterState, Health
from mcos.model.objects import ObjectKey
from mcos.model.versions import Version
from mcos.replicas import read as reading
from mcos.replicas import sign as signing
from mcos.replicas.read import ReplicaUnreadable
from mcos.replicas.repair_queue import verify_message
from tests.support.builders import version
from tests.support.cloud import ASYNC, CLUSTERS, SYNC, Cloud
from tests.support.environment import MORE_CLUSTERS
from tests.support.network import Manner
from tests.support.user import User

CONTENT = b"the right bytes"
STAGED = bytes(200_000)  # too large for an execution's input
WRONG = b"the wrong bytes"


def key_of(cloud: Cloud, user: User, cluster: str) -> str:
    return cloud.key(user.account, "photos", "a", cluster)


def lose(cloud: Cloud, cluster: str, key: str) -> None:
    del cloud.backends[cluster].replicas[key]


def damage(cloud: Cloud, cluster: str, key: str) -> None:
    """As bits rot: the service believes in the digest that it was given."""
    cloud.backends[cluster].damage(key, WRONG)


def replace(cloud: Cloud, cluster: str, key: str) -> None:
    """As somebody overwrites: the service has another digest."""
    cloud.backends[cluster].replace(key, WRONG)


HARM = pytest.mark.parametrize("harm", [lose, damage, replace])
Harm = Callable[[Cloud, str, str], None]


def test_what_readers_see_is_made_whole_though_the_item_of_its_container_is_lost(
    cloud: Cloud, user: User
) -> None:
    """As after a restore of one table to an earlier moment."""
    user.create("a", CONTENT, SYNC)
    lose(cloud, "ceph", key_of(cloud, user, "ceph"))
    cloud.backends["ceph"].refuse("put")
    assert user.download("a", at="ceph").body == CONTENT
    cloud.pump()
    cloud.lose_messages()
    cloud.backends["ceph"].accept()
    assert cloud.unsettled() == ["a"]
    with cloud.network.outside():
        ContainerItem(user.account, "photos").delete()
    cloud.settle()
    assert user.download("a").body == CONTENT
    cloud.check_storage(user.account)


@HARM
@pytest.mark.parametrize("cluster", CLUSTERS)
def test_what_a_reader_finds_damaged_is_written_anew(
    cloud: Cloud, user: User, harm: Harm, cluster: str
) -> None:
    user.create("a", CONTENT, SYNC)
    harm(cloud, cluster, key_of(cloud, user, cluster))
    assert user.download("a", at=cluster).body == CONTENT
    cloud.settle(sweep=False)
    cloud.check_storage(user.account)
    assert cloud.backends[cluster].replicas[key_of(cloud, user, cluster)][0] == CONTENT
    assert user.stat("a")["state"] == "CREATED"


@HARM
@pytest.mark.parametrize("manner", Manner, ids=lambda manner: manner.name.lower())
def test_healing_may_be_cut_short_anywhere(
    cloud: Cloud, user: User, harm: Harm, manner: Manner
) -> None:
    user.create("a", CONTENT, SYNC)
    harm(cloud, "swift", key_of(cloud, user, "swift"))
    message = verify_message(ObjectKey(user.account, "photos", "a"), user.stat("a")["version"])
    begin_again = cloud.keep()
    number = 0
    while True:
        begin_again()
        with cloud.network.record((number, manner)) as calls:
            healed = cloud.repair("swift", message)
        made = len(calls)
        if not healed:
            assert user.download("a").body == CONTENT
            cloud.repair("swift", message)
        cloud.settle()
        cloud.check_storage(user.account)
        assert cloud.backends["swift"].replicas[key_of(cloud, user, "swift")][0] == CONTENT
        if number >= made:
            break
        number += 1
    assert number > 5


def test_a_replica_that_is_missing_is_told_of_until_it_is_back(cloud: Cloud, user: User) -> None:
    user.create("a", CONTENT, SYNC)
    lose(cloud, "ceph", key_of(cloud, user, "ceph"))
    cloud.backends["ceph"].refuse("put")
    assert user.download("a", at="ceph").body == CONTENT
    cloud.pump()
    states = {one["cluster"]: one["state"] for one in user.stat("a")["replicas"]}
    assert states == {"s3": "stored", "swift": "stored", "ceph": "writing"}
    assert cloud.unsettled() == ["a"]
    cloud.backends["ceph"].accept()
    cloud.lose_messages()
    cloud.settle()  # the sweeper alone is enough
    assert {one["state"] for one in user.stat("a")["replicas"]} == {"stored"}
    cloud.check_storage(user.account)


def test_what_a_synchronous_call_stored_is_made_whole_by_the_sweeper_alone(
    cloud: Cloud, user: User
) -> None:
    """Its content was staged, and too few replicas are left for readers to do without staging."""
    user.create("a", STAGED, SYNC)
    for name in ("swift", "ceph"):
        lose(cloud, name, key_of(cloud, user, name))
        cloud.backends[name].refuse("put")
        assert user.download("a", at=name).body == STAGED
    cloud.pump()
    cloud.lose_messages()
    for name in ("swift", "ceph"):
        cloud.backends[name].accept()
    cloud.settle()
    cloud.check_storage(user.account)


@pytest.mark.parametrize("content", [CONTENT, STAGED])
@pytest.mark.parametrize("how", [SYNC, ASYNC])
def test_copies_that_were_all_out_of_sight_for_a_while_are_not_given_up(
    cloud: Cloud, user: User, content: bytes, how: dict[str, str]
) -> None:
    """As if each service had answered 404 for all that it has."""
    user.create("a", content, how)
    cloud.settle()
    there = {name: dict(cloud.backends[name].replicas) for name in CLUSTERS}
    for name in CLUSTERS:
        cloud.backends[name].replicas.clear()
    for name in CLUSTERS:
        assert user.download("a", at=name).status == 503
    cloud.pump()
    cloud.lose_messages()
    cloud.sweep()
    cloud.pump()
    for name in CLUSTERS:
        cloud.backends[name].replicas.update(there[name])
    assert user.download("a").body == content
    cloud.settle()
    assert user.download("a").body == content
    cloud.check_storage(user.account)


class Doubted:
    """An object of which only copies that were found damaged are left.

    Attributes
    ----------
    doubted
        Their clusters.
    last
        The cluster of the copy that is taken for stored, and is gone.
    """

    def __init__(self, cloud: Cloud, user: User, content: bytes) -> None:
        user.create("a", content, SYNC)
        there = {name: dict(cloud.backends[name].replicas) for name in CLUSTERS}
        for name in CLUSTERS:
            cloud.backends[name].replicas.clear()
        for name in CLUSTERS:
            assert user.download("a", at=name).status == 503
        cloud.pump()
        cloud.lose_messages()
        record = cloud.record(user.account, "photos", "a")
        assert record is not None
        assert record.current is not None
        (self.last,) = record.current.stored
        self.doubted = sorted(set(CLUSTERS) - {self.last})
        for name in self.doubted:
            cloud.backends[name].replicas.update(there[name])


@pytest.mark.parametrize("content", [CONTENT, STAGED])
def test_a_copy_that_was_found_damaged_is_read_and_copied_when_no_other_is_left(
    cloud: Cloud, user: User, content: bytes
) -> None:
    last = Doubted(cloud, user, content).last
    for name in CLUSTERS:
        assert user.download("a", at=name).body == content
    cloud.settle()
    assert user.download("a", at=last).body == content
    cloud.settle()
    cloud.check_storage(user.account)


def test_of_copies_that_were_found_damaged_only_one_that_is_whole_is_used(
    cloud: Cloud, user: User
) -> None:
    left = Doubted(cloud, user, CONTENT)
    broken = left.doubted[0]
    (key,) = cloud.backends[broken].replicas
    damage(cloud, broken, key)
    for name in CLUSTERS:
        assert user.download("a", at=name).body == CONTENT
    cloud.settle()
    assert user.download("a", at=left.last).body == CONTENT
    cloud.settle()
    cloud.check_storage(user.account)


def test_what_is_damaged_in_every_copy_is_not_served(cloud: Cloud, user: User) -> None:
    for name in Doubted(cloud, user, CONTENT).doubted:
        (key,) = cloud.backends[name].replicas
        damage(cloud, name, key)
    for name in CLUSTERS:
        assert user.download("a", at=name).status == 503
    assert user.download("a", {"range": "bytes=0-3"}).status == 503
    cloud.pump()
    assert user.download("a").status == 503


def test_large_content_is_copied_from_a_copy_that_was_found_damaged(
    cloud: Cloud, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not pass through a function; whoever writes it verifies it."""
    last = Doubted(cloud, user, CONTENT).last
    opened: list[str] = []

    def open_url(cluster: str, url: str, first: int, end: int) -> BytesIO:
        opened.append(cluster)
        (held,) = cloud.backends[cluster].replicas.values()
        return BytesIO(held[0])

    monkeypatch.setattr(signing, "open_url", open_url)
    monkeypatch.setattr(limits, "CONTENT_BYTES", 4)
    cloud.sweep()
    cloud.pump()
    assert opened
    assert last not in opened
    monkeypatch.undo()
    cloud.settle()
    assert user.download("a", at=last).body == CONTENT
    cloud.settle()
    cloud.check_storage(user.account)


def test_what_is_whole_is_left_alone(cloud: Cloud, user: User) -> None:
    user.create("a", CONTENT, SYNC)
    before = cloud.record(user.account, "photos", "a")
    message = verify_message(ObjectKey(user.account, "photos", "a"), user.stat("a")["version"])
    assert cloud.repair("swift", message)
    assert cloud.record(user.account, "photos", "a") == before


def test_a_backend_that_does_not_answer_is_no_reason_to_write_anew(
    cloud: Cloud, user: User
) -> None:
    user.create("a", CONTENT, SYNC)
    cloud.backends["s3"].refuse()
    assert user.download("a").body == CONTENT
    assert cloud.queued()["s3"] == 0


def test_what_is_down_is_read_last_and_its_own_replica_is_read_first(
    cloud: Cloud, user: User
) -> None:
    user.create("a", CONTENT, SYNC)

    def read_from(at: str) -> list[str]:
        with cloud.network.record() as calls:
            assert user.download("a", at=at).body == CONTENT
        return [call.cluster for call in calls if call.name == "backend:get"]

    assert read_from("swift") == ["swift"]
    cloud.register("swift", state=ClusterState.DOWN)
    (first,) = read_from("swift")
    assert first != "swift"
    with cloud.network.outside():
        write_health(first, Health(healthy=False))
    (second,) = read_from("swift")
    assert second not in (first, "swift")


def test_the_faster_cluster_is_read_from_first(cloud: Cloud, user: User) -> None:
    with cloud.network.outside():
        write_health("ceph", Health(read_ms=5))
        write_health("swift", Health(read_ms=50))
    with cloud.at("s3"):
        assert reading.reading_order(["swift", "ceph", "s3"]) == ["s3", "ceph", "swift"]
        for _ in range(3):
            reading.latencies.add("ceph", 0.5)
        assert reading.reading_order(["swift", "ceph", "s3"]) == ["s3", "swift", "ceph"]


def test_a_reading_that_is_slow_is_hedged_and_the_first_good_answer_wins(
    cloud: Cloud, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first replica answers only when the reader has been answered."""
    begun, answered = threading.Event(), threading.Event()
    asked: list[str] = []

    def read(account: str, version: Version, cluster: str, first: int, last: int) -> bytes:
        asked.append(cluster)
        if cluster == "s3":
            begun.set()
            answered.wait(30)
            raise ReplicaUnreadable("s3: too late")
        if cluster == "swift":
            raise ReplicaUnreadable("swift: refused")
        return CONTENT

    waits = cloud.clock.first_of

    def first_of(running: Collection[Future[Any]], seconds: float | None) -> None:
        """So many seconds pass at once, if they are counted."""
        if seconds is None:
            waits(running, None)
        assert begun.wait(30)

    monkeypatch.setattr(reading, "read_replica", read)
    monkeypatch.setattr(cloud.clock, "first_of", first_of)
    with cloud.at("s3"):
        for name in ("swift", "ceph"):
            reading.latencies.add(name, 0.1 if name == "swift" else 0.2)
        content, failures = reading.read_version(
            user.account, version(stored=CLUSTERS), 0, len(CONTENT) - 1
        )
    answered.set()
    assert content == CONTENT
    assert asked == ["s3", "swift", "ceph"]
    assert set(failures) == {"swift"}


def test_a_reading_that_is_quick_is_not_hedged(cloud: Cloud, user: User) -> None:
    for name in MORE_CLUSTERS:
        cloud.register(name)
    user.create("a", CONTENT, SYNC)
    user.download("a")
    with cloud.network.record() as calls:
        user.download("a")
    assert len([call for call in calls if call.name == "backend:get"]) == 1
