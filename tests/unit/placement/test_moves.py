"""What a job wants of an object."""

from dataclasses import replace

import pytest

from mcos.errors import NotEnoughClusters
from mcos.model.clusters import Cluster, ClusterState, Registry
from mcos.model.jobs import Job, JobKind, new_job
from mcos.model.objects import ObjectRecord, State
from mcos.model.versions import Replica, Staged, Version
from mcos.placement.moves import Move, gone_clusters, wanted_moves, written_off
from tests.support.builders import CLUSTERS, record, version
from tests.support.builders import cluster as a_cluster

FIVE = (*CLUSTERS, "s3-2", "swift-2")


def linked(*names: str, **states: ClusterState) -> Registry:
    clusters: dict[str, Cluster] = {
        name: a_cluster(name, state=states.get(name.replace("-", "_"), ClusterState.ACTIVE))
        for name in names
    }
    return Registry(clusters)


def drain(cluster: str) -> Job:
    return new_job("a job", JobKind.DRAIN, cluster=cluster, rate=1, at="now")


def stored(*names: str) -> ObjectRecord:
    replicas = {name: Replica(name, stored=True) for name in names}
    return record(current=replace(version(1), replicas=replicas))


def test_what_has_no_replica_on_a_drained_cluster_is_left_alone() -> None:
    assert wanted_moves(drain("s3-2"), stored(*CLUSTERS), linked(*FIVE)) is None


def test_a_replica_moves_to_a_cluster_that_has_none() -> None:
    registry = linked(*FIVE, ceph=ClusterState.DRAINING)
    (move,) = wanted_moves(drain("ceph"), stored(*CLUSTERS), registry) or []
    assert move.source == "ceph"
    assert move.target in ("s3-2", "swift-2")


def test_a_replica_too_many_just_goes() -> None:
    registry = linked(*FIVE, ceph=ClusterState.DRAINING)
    here = stored(*CLUSTERS, "s3-2")
    assert wanted_moves(drain("ceph"), here, registry) == [Move("ceph", None)]


def test_there_is_nowhere_to_go() -> None:
    with pytest.raises(NotEnoughClusters):
        wanted_moves(
            drain("ceph"), stored(*CLUSTERS), linked(*CLUSTERS, ceph=ClusterState.DRAINING)
        )


def test_a_move_that_was_begun_and_a_version_that_waits_are_waited_for() -> None:
    leaving = {
        **version(1, stored=CLUSTERS).replicas,
        "ceph": Replica("ceph", stored=True, leaving=True),
    }
    moving = record(current=replace(version(1), replicas={**leaving, "s3-2": Replica("s3")}))
    waiting = record(current=stored("s3", "swift", "s3-2").current, pending=(version(2),))
    owed = record(current=stored("s3", "swift", "s3-2").current, removals=version(1).removals())
    for here in (moving, waiting, owed):
        assert wanted_moves(drain("ceph"), here, linked(*FIVE)) == []


def test_a_policy_that_is_gone_wanted_as_many_replicas_as_there_are() -> None:
    current: Version = replace(stored(*CLUSTERS).shown, storage_policy="gone")
    registry = linked(*FIVE, ceph=ClusterState.DRAINING)
    (move,) = wanted_moves(drain("ceph"), record(current=current), registry) or []
    assert move.target in ("s3-2", "swift-2")


def test_a_rebalance_goes_where_the_resolver_says_and_then_rests() -> None:
    job = new_job("a job", JobKind.REBALANCE, cluster=None, rate=1, at="now")
    registry = linked(*FIVE)
    held = set(CLUSTERS)
    for _ in range(4):
        moves = wanted_moves(job, stored(*sorted(held)), registry)
        if moves is None:
            break
        assert moves[0].target is not None
        held = (held - {moves[0].source}) | {moves[0].target}
    assert wanted_moves(job, stored(*sorted(held)), registry) is None


def test_an_outage_moves_nothing_and_nothing_moves_into_it() -> None:
    job = new_job("a job", JobKind.REBALANCE, cluster=None, rate=1, at="now")
    for down in FIVE:
        registry = linked(*FIVE, **{down.replace("-", "_"): ClusterState.DOWN})
        for held in (CLUSTERS, ("s3", "s3-2", "swift-2")):
            moves = wanted_moves(job, stored(*held), registry)
            same = wanted_moves(job, stored(*held), linked(*FIVE))
            assert (moves is None) == (same is None)
            assert not [one for one in moves or [] if one.target == down]


def test_what_is_not_settled_is_waited_for_by_a_rebalance() -> None:
    job = new_job("a job", JobKind.REBALANCE, cluster=None, rate=1, at="now")
    assert wanted_moves(job, record(current=version(1)), linked(*FIVE)) == []
    assert wanted_moves(job, record(pending=(version(1),)), linked(*FIVE)) is None


# Clusters that are gone


@pytest.mark.parametrize("names", [FIVE, tuple(one for one in FIVE if one != "ceph")])
def test_a_replica_on_a_cluster_that_is_gone_is_missing_and_is_written_elsewhere(
    names: tuple[str, ...],
) -> None:
    """It was declared lost, or is not linked any more."""
    registry = linked(*names, ceph=ClusterState.LOST)
    found = stored(*CLUSTERS)
    assert gone_clusters(found, registry) == ("ceph",)
    following = written_off(found, "ceph", registry, incarnation="new")
    assert following.state is State.UPDATING
    assert following.current is not None
    assert set(following.current.stored) == {"s3", "swift"}
    assert written_off(following, "ceph", registry, incarnation="new") is following
    lose = replace(drain("ceph"), kind=JobKind.LOSE)
    rebalance = new_job("a job", JobKind.REBALANCE, cluster=None, rate=1, at="now")
    for job in (lose, rebalance):
        [move] = wanted_moves(job, following, registry) or []
        assert move.source == "ceph"
        assert move.target in ("s3-2", "swift-2")


@pytest.mark.parametrize("kind", [JobKind.LOSE, JobKind.REBALANCE])
def test_a_replica_that_is_gone_does_not_wait_for_a_move_that_waits_for_it(kind: JobKind) -> None:
    """A leaving replica stays until no other is missing."""
    registry = linked(*FIVE, ceph=ClusterState.LOST)
    found = stored(*CLUSTERS, "s3-2")
    assert found.current is not None
    moving = {**found.current.replicas, "s3": Replica("s3", stored=True, leaving=True)}
    found = replace(found, current=replace(found.current, replicas=moving))
    following = written_off(found, "ceph", registry, incarnation="new")
    job = new_job("a job", kind, cluster="ceph", rate=1, at="now")
    assert wanted_moves(job, following, registry) == [Move("ceph", "swift-2")]


def test_all_that_is_gone_is_moved_though_one_leaves_already() -> None:
    registry = linked("s3", "swift", "swift-2")
    replicas = {
        "ceph": Replica("ceph", leaving=True),
        "s3": Replica("s3", stored=True),
        "s3-2": Replica("s3-2"),
        "swift": Replica("swift", stored=True),
    }
    here = record(State.UPDATING, current=replace(version(1), replicas=replicas))
    rebalance = new_job("a job", JobKind.REBALANCE, cluster=None, rate=1, at="now")
    assert wanted_moves(rebalance, here, registry) == [Move("s3-2", "swift-2")]


def test_what_names_only_clusters_that_work_is_left_alone() -> None:
    registry = linked(*FIVE, ceph=ClusterState.DOWN, swift=ClusterState.DRAINING)
    found = stored(*CLUSTERS)
    assert gone_clusters(found, registry) == ()
    assert written_off(found, "s3-2", registry, incarnation="new") is found


def pending(staged_at: str, *stored_on: str) -> ObjectRecord:
    one = replace(version(2, stored=stored_on), staged=Staged(staged_at, "versions/2"))
    return replace(stored(*CLUSTERS), state=State.UPDATING, pending=(one,))


def test_a_pending_version_gets_another_target_for_the_one_that_is_gone() -> None:
    registry = linked(*FIVE, ceph=ClusterState.LOST)
    following = written_off(pending("s3"), "ceph", registry, incarnation="new")
    [one] = following.pending
    assert "ceph" not in one.replicas
    assert len(one.replicas) == 3
    assert {"s3", "swift"} < set(one.replicas)


def test_a_pending_version_whose_content_only_the_lost_cluster_had_is_given_up() -> None:
    registry = linked(*FIVE, ceph=ClusterState.LOST)
    assert gone_clusters(pending("ceph"), registry) == ("ceph",)
    assert written_off(pending("ceph"), "ceph", registry, incarnation="new").pending == ()
    kept = written_off(pending("ceph", "s3"), "ceph", registry, incarnation="new")
    assert [one.stored for one in kept.pending] == [("s3",)]
    new = replace(pending("ceph"), current=None, state=State.CREATING)
    failed = written_off(new, "ceph", registry, incarnation="new")
    assert (failed.state, failed.pending) == (State.FAILED, ())
    assert failed.reason == "Cluster 'ceph', which alone had its content, was lost."


def test_what_was_found_damaged_elsewhere_is_not_given_up_with_the_last_stored_copy() -> None:
    registry = linked(*FIVE, ceph=ClusterState.LOST)
    found = stored("ceph", "s3")
    assert found.current is not None
    damaged = {**found.current.replicas, "s3": Replica("s3", "new", replaces="old")}
    found = replace(found, current=replace(found.current, replicas=damaged))
    following = written_off(found, "ceph", registry, incarnation="new")
    assert following.current is not None
    assert following.current.stored == ()
    alone = written_off(stored("ceph"), "ceph", registry, incarnation="new")
    assert alone.state is State.FAILED


def test_a_pending_version_stays_while_no_cluster_can_take_its_replica() -> None:
    with pytest.raises(NotEnoughClusters):
        written_off(
            pending("s3"), "ceph", linked(*CLUSTERS, ceph=ClusterState.LOST), incarnation="new"
        )


def test_a_drain_waits_for_what_is_staged_at_its_cluster() -> None:
    """Its replicas are elsewhere, but once it is unlinked nobody could read its content."""
    registry = linked(*FIVE, s3_2=ClusterState.DRAINING)
    assert wanted_moves(drain("s3-2"), pending("s3-2"), registry) == []
    assert wanted_moves(drain("s3-2"), pending("s3"), registry) is None
