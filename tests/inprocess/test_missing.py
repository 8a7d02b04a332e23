"""What is missing for a while is not believed to be gone: an object's container, and the content of
which nothing is stored yet."""

from collections.abc import Callable

import pytest
from moto.s3.models import s3_backends

from mcos.catalog.tables import ContainerItem
from tests.support.cloud import ASYNC, CLUSTERS, SYNC, Cloud, arn
from tests.support.environment import ACCOUNT_ID, cluster_environment
from tests.support.network import Manner
from tests.support.paths import container_path, object_path
from tests.support.uploads import Sender
from tests.support.user import User

HOUR = 3600
DAY = 24 * HOUR
OLD, NEW = b"the old bytes", b"the new bytes"


def sweep(cloud: Cloud, *, seconds: float) -> dict[str, int]:
    """Let that time pass while the cluster that has accepted everything sweeps; what it did."""
    done: dict[str, int] = {}
    for _ in range(int(seconds // (1.1 * HOUR)) + 1):
        cloud.clock.advance(1.1 * HOUR)
        for action, number in cloud.invoke(arn("s3", "sweep_pending"), {}).items():
            done[action] = done.get(action, 0) + number
    return done


def lose_container(cloud: Cloud, user: User) -> None:
    """As a restore of one table to an earlier moment loses its item."""
    with cloud.network.outside():
        ContainerItem(user.account, "photos").delete()


def find_container(cloud: Cloud, user: User) -> None:
    user.token = cloud.token(user.account)
    assert user.call("PUT", container_path("photos")).status == 201


def read(user: User) -> bytes:
    """What the object is; tokens do not last for days."""
    user.token = user.cloud.token(user.account)
    return user.download("a").body


def taken(user: User) -> None:
    assert user.create("a", NEW, ASYNC).status == 202


def sent(user: User) -> None:
    sender = Sender(user)
    upload = sender.begin("a", NEW)
    sender.send(upload, NEW)
    assert sender.complete(upload).status == 202


@pytest.mark.parametrize("take", [taken, sent])
def test_what_was_taken_waits_for_the_item_of_its_container(
    cloud: Cloud, user: User, take: Callable[[User], None]
) -> None:
    take(user)
    cloud.drop_message("s3")
    lose_container(cloud, user)
    assert "removed" not in sweep(cloud, seconds=2 * DAY)
    find_container(cloud, user)
    sweep(cloud, seconds=HOUR)
    cloud.settle()
    assert read(user) == NEW
    cloud.check_storage(user.account)


def test_what_a_sweeper_has_found_in_its_container_stays_however_long_the_item_is_lost(
    cloud: Cloud, user: User
) -> None:
    for name in CLUSTERS:
        cloud.backends[name].refuse("put")
    taken(user)
    sweep(cloud, seconds=HOUR)
    lose_container(cloud, user)
    assert "removed" not in sweep(cloud, seconds=9 * DAY)
    for name in CLUSTERS:
        cloud.backends[name].accept()
    cloud.settle()
    assert read(user) == NEW


def test_an_update_for_which_there_is_no_container_takes_nothing_away(
    cloud: Cloud, user: User
) -> None:
    taken(user)
    cloud.drop_message("s3")
    lose_container(cloud, user)
    reply = user.update("a", OLD, ASYNC)
    assert (reply.status, reply.code) == (404, "container_not_found")
    find_container(cloud, user)
    cloud.settle()
    assert read(user) == NEW
    cloud.check_storage(user.account)


@pytest.mark.parametrize(
    ("prefer", "seconds", "status"), [(ASYNC, 4 * DAY, 404), (SYNC, HOUR, 409)]
)
def test_a_create_that_ended_before_it_looked_for_its_container_leaves_nothing(
    cloud: Cloud, user: User, prefer: dict[str, str], seconds: float, status: int
) -> None:
    """An asynchronous one cannot be told from what was taken, so it is given time."""
    assert user.call("DELETE", container_path("photos")).status == 204
    writes = 1 if prefer is SYNC else 2
    with cloud.network.record((writes, Manner.DIES)):
        assert user.create("a", NEW, prefer).died
    assert cloud.unsettled() == ["a"]
    assert user.download("a").status == status
    assert sweep(cloud, seconds=seconds).get("removed") == 1
    cloud.settle()
    assert cloud.records(user.account) == []
    assert cloud.staged() == set()


def test_a_container_that_was_seen_counts_for_no_later_object_of_the_name(
    cloud: Cloud, user: User
) -> None:
    """Between the sweeper's look and its note the object and the container are deleted, and a
    create writes another object and ends."""
    taken(user)
    cloud.drop_message("s3")
    looks: list[str] = []

    def another_object() -> None:
        assert user.call("DELETE", object_path("photos", "a"), headers=SYNC).status == 204
        assert user.call("DELETE", container_path("photos")).status == 204
        with cloud.network.record((2, Manner.DIES)):
            assert user.create("a", OLD, ASYNC).died

    def before(name: str) -> None:
        if len(looks) == 2:  # at the record, and at the container
            cloud.network.before = None
            another_object()
        elif name == "dynamodb:GetItem" and cloud.network.place[1] == "sweep_pending":
            looks.append(name)

    cloud.network.before = before
    cloud.sweep("s3")
    assert cloud.network.before is None
    assert sweep(cloud, seconds=4 * DAY).get("removed") == 1
    cloud.settle()
    assert cloud.records(user.account) == []


# Content


class Staging:
    """What the cluster has staged, which can be taken away and put back."""

    def __init__(self) -> None:
        self._buckets = s3_backends[ACCOUNT_ID]["aws"].buckets
        self._name = cluster_environment("s3")["MCOS_STAGING_BUCKET"]
        self._bucket = self._buckets[self._name]
        self._keys = dict(self._bucket.keys)

    def lose(self) -> None:
        self._bucket.keys.clear()

    def lose_bucket(self) -> None:
        del self._buckets[self._name]

    def put_back(self) -> None:
        self._buckets[self._name] = self._bucket
        self._bucket.keys.update(self._keys)


def test_what_was_taken_and_whose_content_is_lost_fails_after_a_day_and_says_why(
    cloud: Cloud, user: User
) -> None:
    taken(user)
    Staging().lose()
    assert "given_up" not in sweep(cloud, seconds=22 * HOUR)
    cloud.run_executions()
    assert cloud.waiting()["s3"] > 0
    assert sweep(cloud, seconds=6 * HOUR)["given_up"] == 1
    told = [one.value for one in cloud.points if ("concern", "given-up") in one.dimensions]
    assert told == [1]
    cloud.settle()
    user.token = cloud.token(user.account)
    stat = user.stat("a")
    assert stat["state"] == "FAILED"
    assert stat["reason"] == "Its staged content was lost before it was stored."
    assert user.create("a", OLD, SYNC).status == 201
    assert "reason" not in user.stat("a")
    cloud.check_storage(user.account)


def test_after_a_change_whose_content_is_lost_readers_see_what_was_before_and_why(
    cloud: Cloud, user: User
) -> None:
    assert user.create("a", OLD, SYNC).status == 201
    assert user.update("a", NEW, ASYNC).status == 202
    Staging().lose()
    sweep(cloud, seconds=2 * DAY)
    cloud.settle()
    user.token = cloud.token(user.account)
    stat = user.stat("a")
    assert stat["state"] == "CREATED"
    assert stat["reason"] == "Its staged content was lost before it was stored."
    assert user.download("a").body == OLD
    cloud.check_storage(user.account)
    assert user.update("a", NEW, ASYNC).status == 202
    assert "reason" not in user.stat("a")


@pytest.mark.parametrize("lose", [Staging.lose, Staging.lose_bucket])
def test_content_that_is_there_again_is_stored(
    cloud: Cloud, user: User, lose: Callable[[Staging], None]
) -> None:
    """It was seen in between, so it was not missing for a day."""
    taken(user)
    staging = Staging()
    for _ in range(3):
        lose(staging)
        sweep(cloud, seconds=18 * HOUR)
        staging.put_back()
        sweep(cloud, seconds=2 * HOUR)
    cloud.settle()
    assert read(user) == NEW
    cloud.check_storage(user.account)


def test_nothing_is_given_up_because_a_whole_staging_bucket_is_gone(
    cloud: Cloud, user: User
) -> None:
    taken(user)
    staging = Staging()
    staging.lose_bucket()
    assert "given_up" not in sweep(cloud, seconds=5 * DAY)
    staging.put_back()
    cloud.settle()
    assert read(user) == NEW


def test_what_is_stored_in_part_needs_no_staged_content(cloud: Cloud, user: User) -> None:
    for name in ("s3", "swift"):
        cloud.backends[name].refuse("put")
    taken(user)
    cloud.run_executions()
    Staging().lose()
    assert "given_up" not in sweep(cloud, seconds=2 * DAY)
    for name in ("s3", "swift"):
        cloud.backends[name].accept()
    cloud.settle()
    assert read(user) == NEW
    cloud.check_storage(user.account)
