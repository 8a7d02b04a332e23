"""Drains and rebalances: every replica arrives before its last one leaves."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest

from mcos import clock, limits
from mcos.catalog import accounts, jobs, objects, uploads
from mcos.model.accounts import Role
from mcos.model.clusters import ClusterState
from mcos.model.jobs import Job, JobKind, JobState, new_job
from mcos.model.objects import ObjectKey, ObjectRecord, State
from mcos.model.uploads import UploadState
from mcos.workers import run_jobs as worker
from tests.support.cloud import ASYNC, SYNC, Cloud, arn
from tests.support.environment import ALL_CLUSTERS, CLUSTERS, MORE_CLUSTERS, cluster_environment
from tests.support.gateway import Reply
from tests.support.network import CALL_SECONDS, Died, Manner
from tests.support.paths import object_path, undelete_path
from tests.support.uploads import Sender
from tests.support.user import User

NAMES = [f"object-{number}" for number in range(6)]
_MINUTES = 12


@pytest.fixture(autouse=True)
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """One thing happens after the other."""
    monkeypatch.setattr(worker, "_SIDE_BY_SIDE", 1)


@pytest.fixture
def five(cloud: Cloud) -> Cloud:
    for name in MORE_CLUSTERS:
        cloud.register(name)
    return cloud


def begin(cloud: Cloud, kind: JobKind, cluster: str | None = None) -> str:
    job = new_job(clock.new_id(), kind, cluster=cluster, rate=1000, at=clock.now())
    with cloud.network.outside():
        jobs.item_of(replace(job, state=JobState.RUNNING)).save()
    if cluster is not None:
        cloud.register(cluster, state=ClusterState.DRAINING)
    return job.id


def the_job(cloud: Cloud, job_id: str) -> Job:
    with cloud.network.outside():
        return jobs.get(job_id)


def run(cloud: Cloud, at: str = "s3", *, seconds: float = 1) -> None:
    """One call of ``run_jobs``, which makes one pass, and what comes of it."""
    cloud.work_at_jobs(at, seconds=seconds)
    cloud.settle()


def run_to_its_end(cloud: Cloud, job_id: str) -> Job:
    for number in range(_MINUTES):
        run(cloud, at=CLUSTERS[number % len(CLUSTERS)])
        job = the_job(cloud, job_id)
        if job.state is not JobState.RUNNING:
            return job
    raise AssertionError(f"still running: {the_job(cloud, job_id)}")


@contextmanager
def never_below(cloud: Cloud, user: User, replicas: int) -> Iterator[list[int]]:
    """Before every network call, every object has so many whole replicas on the services."""
    counted: list[int] = []

    def look(name: str) -> None:
        held = cloud.replicas(user.account)
        for record in cloud.records(user.account):
            if record.current is not None:
                whole = sum(record.current.id in bodies for bodies in held.values())
                counted.append(whole)
                assert whole >= replicas, f"{record.name} at {name}"

    cloud.network.before = look
    try:
        yield counted
    finally:
        cloud.network.before = None


def test_a_drained_cluster_is_empty_and_no_object_was_ever_below_its_replicas(
    five: Cloud, user: User
) -> None:
    for name in NAMES:
        assert user.create(name, name.encode(), SYNC).status == 201
    before = len(five.replicas(user.account)["ceph"])
    job = begin(five, JobKind.DRAIN, "ceph")
    with never_below(five, user, 3) as counted:
        done = run_to_its_end(five, job)
    assert counted
    assert done.state is JobState.DONE
    assert (done.moved, done.remaining, done.stuck) == (before, 0, 0)
    assert not five.replicas(user.account)["ceph"]
    five.check_storage(user.account)
    for name in NAMES:
        assert user.stat(name)["state"] == "CREATED"
        assert user.download(name).body == name.encode()


def hot_object(cloud: Cloud, user: User, cluster: str) -> str:
    """An object with a replica on a cluster, and a change that is not replicated."""
    for number in range(99):
        name = f"hot-{number}"
        assert user.create(name, b"before", SYNC).status == 201
        record = cloud.record(user.account, "photos", name)
        if record and record.current and cluster in record.current.replicas:
            assert user.update(name, b"hot", ASYNC).status == 202
            return name
    raise AssertionError(f"nothing is placed on {cluster}")


def test_an_object_that_is_written_all_the_time_holds_up_no_drain(five: Cloud, user: User) -> None:
    """Nothing of it is replicated before it is written again, so the version before stays."""
    name = hot_object(five, user, "ceph")
    job = begin(five, JobKind.DRAIN, "ceph")
    for _ in range(_MINUTES):
        assert user.update(name, b"hot", ASYNC).status == 202
        five.clock.advance(60)
        five.work_at_jobs("s3")
        five.sweep()
        five.pump()
        assert user.download(name).body == b"hot"
    assert the_job(five, job).state is JobState.DONE
    assert not five.replicas(user.account)["ceph"]
    five.settle()
    assert user.stat(name)["state"] == "CREATED"
    five.check_storage(user.account)


def test_what_a_drain_took_of_the_version_before_is_made_good_if_it_is_read_again(
    five: Cloud, user: User
) -> None:
    """The change's content is lost before it is replicated."""
    name = hot_object(five, user, "ceph")
    job = begin(five, JobKind.DRAIN, "ceph")
    assert user.update(name, b"hotter", ASYNC).status == 202
    five.cut_executions()
    five.work_at_jobs("s3")
    record = five.record(user.account, "photos", name)
    assert record
    assert record.current
    assert record.previous
    assert len(record.previous.replicas) == 2
    lost = record.current.staged
    assert lost is not None
    with five.network.outside():
        bucket = cluster_environment(lost.cluster)["MCOS_STAGING_BUCKET"]
        five.client("s3").delete_object(Bucket=bucket, Key=lost.key, VersionId=lost.version)
    for _ in range(30):
        five.clock.advance(3 * 3600)
        five.register("ceph", state=ClusterState.DRAINING)
        five.sweep()
    assert run_to_its_end(five, job).state is JobState.DONE
    user.token = five.token(user.account)
    assert user.download(name).body == b"before"
    after = five.record(user.account, "photos", name)
    assert after
    assert after.current
    assert after.state is State.CREATED
    assert len(after.current.stored) == 3
    five.check_storage(user.account)


@pytest.mark.usefixtures("small_parts")
def test_large_replicas_are_moved_part_by_part(five: Cloud, user: User) -> None:
    sender, content = Sender(user), bytes(range(256)) * 14
    for name in NAMES:
        upload = sender.begin(name, content)
        sender.send(upload, content)
        assert sender.complete(upload).status == 202
    five.settle()
    assert five.replicas(user.account)["ceph"]
    job = begin(five, JobKind.DRAIN, "ceph")
    with never_below(five, user, 3) as counted:
        done = run_to_its_end(five, job)
    assert counted
    assert (done.state, done.remaining, done.stuck) == (JobState.DONE, 0, 0)
    assert not five.replicas(user.account)["ceph"]
    five.check_storage(user.account)
    for name in NAMES:
        assert user.stat(name)["state"] == "CREATED"
        assert user.download(name).body == content


def test_versions_that_are_on_their_way_are_drained_too(five: Cloud, user: User) -> None:
    for name in NAMES:
        user.create(name, b"old", SYNC)
        user.update(name, b"new", ASYNC)
    job = begin(five, JobKind.DRAIN, "s3")
    five.cut_executions()
    run_to_its_end(five, job)
    assert not five.replicas(user.account)["s3"]
    assert all(user.download(name).body == b"new" for name in NAMES)
    five.check_storage(user.account)


def test_a_replica_stays_while_the_cluster_it_moves_to_takes_nothing(
    five: Cloud, user: User
) -> None:
    for name in NAMES:
        user.create(name, name.encode(), SYNC)
    job = begin(five, JobKind.DRAIN, "ceph")
    for name in MORE_CLUSTERS:
        five.backends[name].refuse("put")
    with never_below(five, user, 3):
        for _ in range(3):
            five.work_at_jobs("s3")
            five.run_executions()
            five.sweep()
            five.pump()
        assert {user.stat(name)["state"] for name in NAMES} == {"CREATED"}
        for name in MORE_CLUSTERS:
            five.backends[name].accept()
        run_to_its_end(five, job)
    assert not five.replicas(user.account)["ceph"]
    five.check_storage(user.account)


def test_a_cluster_whose_backend_is_dead_can_be_drained(five: Cloud, user: User) -> None:
    for name in NAMES:
        user.create(name, name.encode(), SYNC)
    five.backends["ceph"].refuse()
    job = begin(five, JobKind.DRAIN, "ceph")
    for _ in range(_MINUTES):
        five.work_at_jobs("s3")
        five.run_executions()
        if the_job(five, job).state is JobState.DONE:
            break
    assert the_job(five, job).state is JobState.DONE
    for record in five.records(user.account):
        assert record.current is not None
        assert "ceph" not in record.current.replicas
        assert len(record.current.stored) == 3


def test_a_drain_that_has_nowhere_to_go_says_so_and_moves_nothing(cloud: Cloud, user: User) -> None:
    user.create("a", b"bytes", SYNC)
    job = begin(cloud, JobKind.DRAIN, "ceph")
    for _ in range(3):
        run(cloud)
    found = the_job(cloud, job)
    assert (found.state, found.moved, found.remaining) == (JobState.RUNNING, 0, 1)
    assert "ceph" in {one["cluster"] for one in user.stat("a")["replicas"]}


def test_a_stopped_job_moves_nothing_more_and_another_one_goes_on(
    five: Cloud, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_PAGE", 1)
    for name in NAMES:
        user.create(name, name.encode(), SYNC)
    before = len(five.replicas(user.account)["ceph"])
    job = begin(five, JobKind.DRAIN, "ceph")
    five.network.call_seconds = 1
    while the_job(five, job).moved == 0:
        run(five, seconds=4)  # one page, which takes longer
    five.network.call_seconds = CALL_SECONDS
    assert (the_job(five, job).moved, the_job(five, job).state) == (1, JobState.RUNNING)
    with five.network.outside():
        jobs.change(job, lambda found: replace(found, state=JobState.STOPPED))
    left = len(five.replicas(user.account)["ceph"])
    assert 0 < left == before - 1
    for _ in range(3):
        run(five)
    assert len(five.replicas(user.account)["ceph"]) == left
    assert the_job(five, job).state is JobState.STOPPED
    run_to_its_end(five, begin(five, JobKind.DRAIN, "ceph"))
    assert not five.replicas(user.account)["ceph"]


def test_a_rebalance_brings_objects_to_where_the_resolver_wants_them(
    cloud: Cloud, user: User
) -> None:
    for name in NAMES:
        user.create(name, name.encode(), SYNC)
    for name in MORE_CLUSTERS:
        cloud.register(name, weight=3)
    cloud.settle()
    assert not any(name in cloud.replicas(user.account) for name in MORE_CLUSTERS)
    job = begin(cloud, JobKind.REBALANCE)
    with never_below(cloud, user, 3):
        run_to_its_end(cloud, job)
    for record in cloud.records(user.account):
        assert record.current is not None
        assert set(record.current.replicas) == set(cloud.targets(record.key))
    cloud.check_storage(user.account)


def test_one_cluster_at_a_time_works_at_a_job(five: Cloud, user: User) -> None:
    job = begin(five, JobKind.REBALANCE)
    leased_until = clock.later(120)
    with five.network.outside():
        leased = jobs.change(job, lambda found: replace(found, leased_until=leased_until))
    assert five.work_at_jobs("swift") == {}
    assert the_job(five, job) == leased
    assert five.work_at_jobs("swift") == {job: 0}
    assert the_job(five, job).passes == 1


def test_a_job_is_not_over_before_every_function_has_noticed_it(five: Cloud) -> None:
    job = begin(five, JobKind.DRAIN, "ceph")
    noticed = limits.REGISTRY_AGE_SECONDS + limits.WAIT_SECONDS_MAX
    five.invoke(arn("s3", "run_jobs"), {"seconds": noticed})
    assert the_job(five, job).state is JobState.RUNNING
    assert the_job(five, job).passes > noticed / 3
    run_to_its_end(five, job)


@pytest.mark.parametrize("manner", Manner, ids=lambda manner: manner.name.lower())
def test_a_drain_may_be_cut_short_anywhere(five: Cloud, user: User, manner: Manner) -> None:
    """Whatever goes wrong once, the next call goes on, and nothing was ever below three."""
    user.create("a", b"bytes", SYNC)
    leaving = user.stat("a")["replicas"][0]["cluster"]
    job = begin(five, JobKind.DRAIN, leaving)
    begin_again = five.keep()
    number = 0
    while True:
        begin_again()
        with never_below(five, user, 3):
            with five.network.record((number, manner)) as calls:
                with suppress(Died, Exception):
                    five.work_at_jobs("s3")
                five.run_executions()
                made = len(calls)
            run_to_its_end(five, job)
        assert not five.replicas(user.account).get(leaving)
        five.check_storage(user.account)
        if number >= made:
            break
        number += 1
    assert number > 8


def test_an_object_that_cannot_be_moved_holds_up_no_other(five: Cloud, user: User) -> None:
    """Its only content is staged at a cluster that is not linked for a while."""
    for name in NAMES:
        assert user.create(name, name.encode(), SYNC).status == 201
    keys = (ObjectKey(user.account, "photos", f"taken-{number}") for number in range(100))
    held = (key.name for key in keys if {"ceph"} <= set(five.targets(key)) <= set(CLUSTERS))
    taken = next(held)
    assert user.create(taken, b"acknowledged", ASYNC, at="swift-2").status == 202
    five.cut_executions()
    five.unregister("swift-2")
    job = begin(five, JobKind.DRAIN, "ceph")
    for _ in range(3):
        five.work_at_jobs("s3")
    held_there = [one.name for one in five.records(user.account) if on(one, "ceph")]
    assert held_there == [taken]
    five.register("swift-2")
    assert run_to_its_end(five, job).state is JobState.DONE
    assert user.download(taken).body == b"acknowledged"
    five.check_storage(user.account)


def on(record: ObjectRecord, cluster: str) -> bool:
    """Whether a cluster is to have a replica of it."""
    return record.current is not None and cluster in record.current.replicas


@pytest.mark.parametrize("kind", [JobKind.DRAIN, JobKind.REBALANCE])
def test_an_object_whose_record_cannot_be_written_holds_up_no_other(
    five: Cloud, user: User, monkeypatch: pytest.MonkeyPatch, kind: JobKind
) -> None:
    for name in NAMES:
        assert user.create(name, name.encode(), SYNC).status == 201
    if kind is JobKind.REBALANCE:
        five.unregister("ceph")
    job = begin(five, kind, "ceph" if kind is JobKind.DRAIN else None)
    bad = next(one.name for one in five.records(user.account) if on(one, "ceph"))
    change = objects.change_guessed

    def refuse(key: ObjectKey, *rest: Any) -> ObjectRecord | None:
        if key.name == bad:
            raise RuntimeError("larger than an item may be")
        return change(key, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(objects, "change_guessed", refuse)
        for _ in range(3):
            five.work_at_jobs("s3")
        left = [one.name for one in five.records(user.account) if on(one, "ceph")]
        assert left == [bad]
        assert the_job(five, job).state is JobState.RUNNING
        assert the_job(five, job).remaining == 1
    assert run_to_its_end(five, job).state is JobState.DONE


# Unlinking


@pytest.fixture
def drained(five: Cloud) -> Cloud:
    """The cluster ``ceph`` was drained; its entry point still takes what comes."""
    with five.network.outside():
        assert accounts.create("ops", "hash", Role.ADMIN)
    reply = operate(five, "POST", "/v1/admin/clusters/ceph/drain")
    assert run_to_its_end(five, reply.json()["job"]).state is JobState.DONE
    five.chill()
    return five


def operate(cloud: Cloud, method: str, path: str) -> Reply:
    return cloud.call("s3", method, path, token=cloud.token("ops"))


def unlink(cloud: Cloud) -> int:
    return operate(cloud, "DELETE", "/v1/admin/clusters/ceph").status


def test_a_cluster_is_not_unlinked_while_an_upload_there_is_open(
    drained: Cloud, user: User
) -> None:
    sender = Sender(user, at="ceph")
    upload = sender.begin("a", b"bytes")
    assert unlink(drained) == 409
    sender.send(upload, b"bytes")
    assert sender.complete(upload).status == 202
    drained.cut_executions()
    assert unlink(drained) == 409  # the content is staged, and nowhere else
    drained.settle()
    assert unlink(drained) == 204
    assert user.download("a").body == b"bytes"
    drained.check_storage(user.account)


def test_a_cluster_is_not_unlinked_while_an_upload_there_is_being_taken(
    drained: Cloud, user: User
) -> None:
    sender = Sender(user, at="ceph")
    upload = sender.begin("a", b"bytes")
    sender.send(upload, b"bytes")

    def die(name: str) -> None:
        if name == "dynamodb:PutItem":
            writes.append(name)
            if len(writes) == 3:  # a reservation, the mark, the acceptance
                raise Died(name)

    writes: list[str] = []
    drained.network.before = die
    assert sender.complete(upload).died
    drained.network.before = None
    with drained.network.outside():
        found = uploads.get(user.account, upload["upload"])
    assert found is not None
    assert found.state is UploadState.TAKING
    assert unlink(drained) == 409
    drained.clock.advance(600)
    drained.sweep()
    drained.settle()
    assert unlink(drained) == 204
    assert user.download("a").body == b"bytes"


def test_a_cluster_is_not_unlinked_while_it_alone_has_what_it_has_taken(
    drained: Cloud, user: User
) -> None:
    assert user.create("a", b"acknowledged", ASYNC, at="ceph").status == 202
    drained.cut_executions()
    assert unlink(drained) == 409
    drained.settle()
    assert unlink(drained) == 204
    assert user.download("a").body == b"acknowledged"


def test_an_upload_that_nobody_completes_keeps_a_cluster_only_until_it_expires(
    drained: Cloud, user: User
) -> None:
    Sender(user, at="ceph").begin("a", b"bytes")
    drained.clock.advance(8 * 24 * 3600)
    drained.sweep()
    assert unlink(drained) == 204


# Removals that come again


def test_a_removal_that_waits_does_not_take_what_has_moved_home_meanwhile(
    five: Cloud, user: User
) -> None:
    """A spare stood in, and what the failed target had perhaps written is to be removed."""
    key = ObjectKey(user.account, "photos", "a")
    first, *_ = five.targets(key)
    five.backends[first].refuse("put")
    assert user.create("a", b"bytes", SYNC).status == 201
    assert first not in {one["cluster"] for one in user.stat("a")["replicas"]}
    waiting = [json.loads(one.body) for one in five.repair_queue(first).messages]
    assert [one["action"] for one in waiting] == ["remove"]
    five.lose_messages()
    five.backends[first].accept()
    job = begin(five, JobKind.REBALANCE)
    assert run_to_its_end(five, job).state is JobState.DONE
    assert first in {one["cluster"] for one in user.stat("a")["replicas"]}
    for message in waiting:
        assert five.repair(first, message)
    assert user.download("a", at=first).body == b"bytes"
    five.check_storage(user.account)


def test_every_removal_ever_sent_may_come_again_after_moves_there_and_back(
    five: Cloud, user: User
) -> None:
    for name in NAMES:
        assert user.create(name, name.encode(), SYNC).status == 201
    assert run_to_its_end(five, begin(five, JobKind.DRAIN, "ceph")).state is JobState.DONE
    five.register("ceph")
    assert run_to_its_end(five, begin(five, JobKind.REBALANCE)).state is JobState.DONE
    assert five.replicas(user.account)["ceph"]
    five.deliver_again()
    five.settle()
    for name in NAMES:
        assert user.download(name, at="ceph").body == name.encode()
    five.check_storage(user.account)


def delete_and_keep(cloud: Cloud, user: User, name: str = "kept") -> ObjectKey:
    """Delete an object that is kept for two hours; its key."""
    cloud.grant(7200)
    assert user.create(name, b"kept for a while", SYNC).status == 201
    assert user.call("DELETE", object_path("photos", name), headers=SYNC).status == 204
    cloud.settle()
    return ObjectKey(user.account, "photos", name)


def test_a_drain_waits_for_what_is_deleted_and_kept(five: Cloud, user: User) -> None:
    delete_and_keep(five, user)
    (kept,) = five.deleted(user.account)
    drained = kept.kept.version.stored[0]
    job_id = begin(five, JobKind.DRAIN, drained)
    for _ in range(4):
        run(five)
    job = the_job(five, job_id)
    assert (job.state, job.remaining) == (JobState.RUNNING, 1)
    five.clock.advance(7200)
    five.sweep()
    five.settle()
    assert run_to_its_end(five, job_id).state is JobState.DONE
    assert not any(five.replicas(user.account).values())


@pytest.mark.parametrize("state", [ClusterState.DRAINING, ClusterState.LOST])
def test_what_is_taken_back_moves_off_a_cluster_that_takes_none(
    five: Cloud, user: User, state: ClusterState
) -> None:
    key = delete_and_keep(five, user)
    (kept,) = five.deleted(user.account)
    left = kept.kept.version.stored[0]
    five.register(left, state=state)
    if state is ClusterState.LOST:
        five.backends[left].refuse()
    five.chill()
    path = undelete_path("photos", "kept")
    at = next(name for name in CLUSTERS if name != left)
    reply = user.call("POST", path, at=at)
    assert (reply.status, reply.json()["state"]) == (200, "UPDATING")
    five.settle()
    record = five.record(*key)
    assert record is not None
    assert record.state is State.CREATED
    assert record.current is not None
    assert left not in record.current.replicas
    assert len(record.current.stored) == 3
    assert user.download("kept", at=at).body == b"kept for a while"


def test_what_gone_clusters_had_alone_is_not_taken_back(five: Cloud, user: User) -> None:
    delete_and_keep(five, user)
    (kept,) = five.deleted(user.account)
    for name in kept.kept.version.stored:
        five.register(name, state=ClusterState.LOST)
    five.chill()
    at = next(name for name in ALL_CLUSTERS if name not in kept.kept.version.stored)
    reply = user.call("POST", undelete_path("photos", "kept"), at=at)
    assert (reply.status, reply.json()["code"]) == (404, "object_not_found")
