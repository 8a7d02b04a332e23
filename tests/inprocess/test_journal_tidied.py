"""What the journal does not need any more is removed, and nothing else."""

import json
from typing import Any

from mcos.catalog import registry
from mcos.journal import tidy as room
from mcos.journal.tidy import Tidied
from mcos.storage import ReplicaStat
from tests.inprocess.test_journal import entries, keys, prepare, snapshot
from tests.support.cloud import SYNC, Cloud
from tests.support.user import User

DAY = 24 * 3600


def tidy(cloud: Cloud) -> Tidied:
    with cloud.network.outside(), cloud.at("s3"):
        deployment = registry.current_registry(fresh=True).deployment
        return room.tidy(cloud.backends["s3"], deployment)


def week(cloud: Cloud, user: User, number: int) -> None:
    """A week in which an object is made, journaled, and a snapshot written."""
    prepare(cloud)
    user.token = cloud.token(user.account)
    assert user.create(f"{number}", b"bytes", SYNC).status == 201
    cloud.journal()
    cloud.clock.advance(8 * DAY)
    prepare(cloud)
    assert snapshot(cloud) == "complete"


def completed(cloud: Cloud) -> list[str]:
    return [key for key in keys(cloud, "s3", "snapshot") if key.endswith("complete.json")]


def test_two_snapshots_and_thirty_days_are_kept(cloud: Cloud, user: User) -> None:
    for number in range(8):
        week(cloud, user, number)
    before = len(keys(cloud, "s3", "log"))
    done = tidy(cloud)
    assert done.problem is None
    assert len(completed(cloud)) == 2
    assert 0 < len(keys(cloud, "s3", "log")) < before
    for number in range(8):
        names = {one["key"][-1] for one in entries(cloud, "s3", "snapshot")}
        assert f"{number}" in names
    # What was journaled within the last thirty days is there.
    names = {one["key"][-1] for one in entries(cloud, "s3", "log")}
    assert {"5", "6", "7"} <= names
    assert "0" not in names
    assert tidy(cloud).removed == 0


def test_a_snapshot_that_does_not_verify_ends_no_other(cloud: Cloud, user: User) -> None:
    for number in range(4):
        week(cloud, user, number)
    told = json.loads(cloud.backends["s3"].replicas[completed(cloud)[-1]][0])
    damaged = told["parts"][0]["key"]
    cloud.backends["s3"].replace(damaged, b"other bytes")
    before = set(cloud.backends["s3"].replicas)
    assert "damaged" in (tidy(cloud).problem or "")
    del cloud.backends["s3"].replicas[damaged]
    assert "missing" in (tidy(cloud).problem or "")
    assert set(cloud.backends["s3"].replicas) == before - {damaged}


def test_without_a_snapshot_nothing_is_removed(cloud: Cloud, user: User) -> None:
    prepare(cloud)
    user.create("a", b"bytes", SYNC)
    cloud.journal()
    cloud.clock.advance(400 * DAY)
    before: dict[str, tuple[bytes, ReplicaStat]] = dict(cloud.backends["s3"].replicas)
    assert tidy(cloud).removed == 0
    assert cloud.backends["s3"].replicas == before


def test_what_was_never_completed_goes_once_it_is_old(cloud: Cloud, user: User) -> None:
    prepare(cloud)
    user.create("a", b"bytes", SYNC)
    unfinished: dict[str, Any] = {}
    assert snapshot(cloud) == "complete"
    for key in keys(cloud, "s3", "snapshot"):
        if not key.endswith("complete.json"):
            unfinished[key] = cloud.backends["s3"].replicas[key]
    cloud.backends["s3"].replicas.pop(completed(cloud)[0])
    cloud.clock.advance(8 * DAY)
    prepare(cloud)
    assert snapshot(cloud) == "complete"
    done = tidy(cloud)
    assert done.removed == len(unfinished)
    assert not unfinished.keys() & cloud.backends["s3"].replicas.keys()
