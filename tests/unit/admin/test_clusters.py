"""Clusters: linked, given a word on, drained, unlinked; never one that may hold replicas."""

from dataclasses import replace
from typing import Any

import pytest

from mcos.admin import clusters
from mcos.admin.jobs import list_jobs, stop_job
from mcos.catalog import jobs, registry
from mcos.catalog.registry import CLUSTER, HEALTH, OPERATOR, current_registry
from mcos.errors import (
    ClusterInUse,
    ClusterNotFound,
    InvalidBody,
    InvalidName,
    JobNotFound,
    PolicyUnmet,
)
from mcos.model.clusters import Cluster, ClusterState, Health, PolicyPart, StoragePolicy
from mcos.model.jobs import Job, JobKind, JobState
from tests.support.builders import cluster
from tests.support.interleaving import interleavings
from tests.support.network import Died, Manner, Network
from tests.unit.admin.conftest import RunJobs

pytestmark = pytest.mark.usefixtures("network", "run_jobs")

DRAINING = ClusterState.DRAINING


def seen(name: str) -> Cluster:
    return current_registry(fresh=True).clusters[name]


def end(job: Job, state: JobState = JobState.DONE) -> None:
    """Let the job come to its end."""
    jobs.change(job.id, lambda found: replace(found, state=state))


# Linking


def test_a_cluster_is_linked_and_its_row_replaced() -> None:
    first, made = clusters.link_cluster(cluster("s3", labels={"speed": "fast"}))
    assert made
    assert first == seen("s3")
    second, made = clusters.link_cluster(cluster("s3", weight=2))
    assert not made
    assert (second.weight, second.labels) == (2, {})
    assert [one.name for one in clusters.list_clusters()] == ["s3"]


@pytest.mark.usefixtures("linked")
def test_what_an_operator_said_and_the_health_check_found_outlives_a_new_row() -> None:
    clusters.change_cluster("s3", {"state": ClusterState.DOWN, "weight": 0.5})
    registry.write_health("s3", Health(read_ms=7))
    clusters.link_cluster(cluster("s3", weight=9))
    assert (seen("s3").state, seen("s3").weight) == (ClusterState.DOWN, 0.5)
    assert seen("s3").health.read_ms == 7
    assert clusters.change_cluster("s3", {"weight": None}).weight == 9


@pytest.mark.parametrize("name", ["", "S3", "3s", "-a", "a_b", "x" * 17, "é", "a\n"])
def test_what_is_no_cluster_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        clusters.link_cluster(replace(cluster("s3"), name=name))
    with pytest.raises(ClusterNotFound):
        clusters.change_cluster(name, {"weight": 1})
    assert clusters.list_clusters() == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("backend", "ftp"),
        ("weight", -0.1),
        ("weight", float("inf")),
        ("weight", float("nan")),
        ("weight", 10**400),
        ("labels", {"provider": "x"}),
        ("labels", {"": "x"}),
        ("labels", {"x" * 65: "x"}),
        ("labels", {"x": "y" * 257}),
        ("labels", {"x": "a\nb"}),
        ("labels", {"x": "\ud800"}),
        ("labels", {f"label-{number}": "x" for number in range(33)}),
        ("provider", ""),
        ("location", "x" * 1025),
        ("staging_bucket", "a\0b"),
        ("put_replica", "put_replica"),
        ("get_replica", ""),
        ("entry_point", "s3.example.org"),
        ("entry_point", "https://"),
        ("entry_point", "https://[::1"),
        ("repair_queue_url", "ftp://queue"),
    ],
)
def test_a_row_that_breaks_a_rule_is_refused_by_the_name_of_its_field(
    field: str, value: Any
) -> None:
    row = replace(cluster("s3"), **{field: value})
    with pytest.raises(InvalidBody, match=field):
        clusters.link_cluster(row)
    assert clusters.list_clusters() == []


# An operator's word


@pytest.mark.usefixtures("linked")
def test_a_word_stands_above_row_and_health_until_it_is_taken_back() -> None:
    registry.write_health("s3", Health(healthy=False))
    assert seen("s3").state is ClusterState.DOWN
    word = {"state": ClusterState.ACTIVE, "weight": 3, "labels": {"speed": "slow"}}
    changed = clusters.change_cluster("s3", word)
    assert changed == seen("s3")
    assert (changed.state, changed.weight, changed.labels) == ("ACTIVE", 3, {"speed": "slow"})
    changed = clusters.change_cluster("s3", {"weight": None})
    assert (changed.state, changed.weight, changed.labels) == ("ACTIVE", 1, {"speed": "slow"})
    changed = clusters.change_cluster("s3", {"state": None, "labels": None})
    assert (changed.state, changed.labels) == ("DOWN", {"speed": "fast"})
    assert registry.read(OPERATOR, "s3") is None


@pytest.mark.usefixtures("linked")
def test_a_word_that_breaks_a_rule_changes_nothing() -> None:
    before = seen("s3")
    for changes in ({"weight": -1}, {"labels": {"backend": "x"}}):
        with pytest.raises(InvalidBody):
            clusters.change_cluster("s3", {"state": DRAINING, **changes})
    assert seen("s3") == before


@pytest.mark.usefixtures("linked")
def test_two_operators_words_at_the_same_time_both_count(network: Network) -> None:
    def before(name: str) -> None:
        if name == "dynamodb:PutItem":
            network.before = None
            with network.outside():
                clusters.change_cluster("s3", {"weight": 5})

    network.before = before
    clusters.change_cluster("s3", {"state": DRAINING})
    assert (seen("s3").state, seen("s3").weight) == (DRAINING, 5)


@pytest.mark.usefixtures("linked")
@pytest.mark.parametrize("number", range(4))
def test_a_word_one_of_whose_replies_was_lost_is_given_once(network: Network, number: int) -> None:
    with network.record((number, Manner.LOST)) as calls:
        changed = clusters.change_cluster("s3", {"weight": 5})
    assert len(calls) > number
    assert changed.weight == 5


# Draining


@pytest.mark.usefixtures("linked")
def test_a_drain_begins_with_the_word_and_is_looked_at_soon(run_jobs: RunJobs) -> None:
    job = clusters.drain_cluster("ceph", rate=7)
    assert (job.kind, job.cluster, job.rate, job.state) == (
        JobKind.DRAIN,
        "ceph",
        7,
        JobState.RUNNING,
    )
    assert jobs.get(job.id) == job
    assert seen("ceph").state is DRAINING
    assert run_jobs.invocations == 1


@pytest.mark.usefixtures("linked")
def test_a_drain_keeps_the_other_words() -> None:
    clusters.change_cluster("ceph", {"weight": 4})
    clusters.drain_cluster("ceph", rate=7)
    assert (seen("ceph").state, seen("ceph").weight) == (DRAINING, 4)


@pytest.mark.usefixtures("linked")
def test_a_drain_that_is_running_is_answered_and_one_that_is_over_is_followed(
    run_jobs: RunJobs,
) -> None:
    job = clusters.drain_cluster("ceph", rate=7)
    registry.write_policy(StoragePolicy("five", (PolicyPart(5),), 1))  # not met any more
    assert clusters.drain_cluster("ceph", rate=8) == job
    assert run_jobs.invocations == 1
    registry.remove(registry.POLICY, "five")
    end(job, JobState.STOPPED)
    assert clusters.drain_cluster("ceph", rate=8).id != job.id
    assert len(jobs.all_jobs()) == 2


@pytest.mark.usefixtures("linked")
def test_two_operators_who_drain_at_the_same_time_start_one(network: Network) -> None:
    others: list[Job] = []
    writes = ["dynamodb:PutItem"] * 2

    def before(name: str) -> None:
        if name in writes:
            writes.pop()
            if not writes:
                network.before = None
                others.append(clusters.drain_cluster("ceph", rate=8))

    network.before = before
    assert clusters.drain_cluster("ceph", rate=7) == others[0]
    assert list_jobs() == others


@pytest.mark.usefixtures("linked")
def test_a_drain_against_an_operators_word_in_every_order(network: Network) -> None:
    """A cluster that is to be ACTIVE is not drained on."""
    ends = set()
    for stage in interleavings(network):
        with network.outside():
            clusters.change_cluster("ceph", {"state": None})
        stage.play(
            lambda: clusters.drain_cluster("ceph", rate=7),
            lambda: clusters.change_cluster("ceph", {"state": ClusterState.ACTIVE}),
        )
        with network.outside():
            override = registry.read(OPERATOR, "ceph") or {}
            running = {job.id for job in list_jobs() if job.state is JobState.RUNNING}
        assert running == ({override["job"]} if "job" in override else set())
        ends.add(override["state"])
    assert ends == {"ACTIVE", "DRAINING"}


@pytest.mark.usefixtures("linked")
@pytest.mark.parametrize("number", range(5))
def test_a_drain_one_of_whose_replies_was_lost_is_started_once(
    network: Network, number: int
) -> None:
    with network.record((number, Manner.LOST)) as calls:
        job = clusters.drain_cluster("ceph", rate=7)
    assert len(calls) > number
    assert jobs.all_jobs() == [job]


@pytest.mark.usefixtures("linked")
def test_a_drain_starts_although_no_function_could_be_told(run_jobs: RunJobs) -> None:
    run_jobs.fails = True
    job = clusters.drain_cluster("ceph", rate=7)
    assert jobs.all_jobs() == [job]


@pytest.mark.usefixtures("linked")
def test_a_cluster_without_which_a_policy_could_not_be_met_is_not_drained(
    run_jobs: RunJobs,
) -> None:
    fast = StoragePolicy("fast", (PolicyPart(1, must={"speed": "fast"}),), 1)
    registry.write_policy(fast)
    with pytest.raises(PolicyUnmet, match=r"Without cluster 's3'.*'fast'"):
        clusters.drain_cluster("s3", rate=7)
    assert seen("s3").state is ClusterState.ACTIVE
    assert jobs.all_jobs() == []
    clusters.drain_cluster("ceph", rate=7)
    # Two are left beside it, and the default policy wants three.
    with pytest.raises(PolicyUnmet, match="'default'"):
        clusters.drain_cluster("swift", rate=7)
    assert run_jobs.invocations == 1


@pytest.mark.usefixtures("linked")
@pytest.mark.parametrize("rate", [0, 0.09, 1000.1, float("nan"), 10**400])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(InvalidBody, match="rate"):
        clusters.drain_cluster("ceph", rate=rate)
    assert seen("ceph").state is ClusterState.ACTIVE


@pytest.mark.usefixtures("linked")
@pytest.mark.parametrize("state", [None, ClusterState.ACTIVE, ClusterState.DOWN])
def test_a_cluster_that_is_not_to_be_draining_is_not_drained_on(state: ClusterState | None) -> None:
    job = clusters.drain_cluster("ceph", rate=7)
    clusters.change_cluster("ceph", {"weight": 2})
    clusters.change_cluster("ceph", {"state": DRAINING})
    assert jobs.get(job.id).state is JobState.RUNNING
    clusters.change_cluster("ceph", {"state": state})
    assert jobs.get(job.id).state is JobState.STOPPED


# Unlinking


@pytest.mark.usefixtures("linked")
def test_a_drained_cluster_is_forgotten_with_all_that_was_known_of_it() -> None:
    registry.write_health("ceph", Health(read_ms=7))
    end(clusters.drain_cluster("ceph", rate=7))
    clusters.unlink_cluster("ceph")
    assert "ceph" not in current_registry(fresh=True).clusters
    for kind in (CLUSTER, OPERATOR, HEALTH):
        assert registry.read(kind, "ceph") is None
    with pytest.raises(ClusterNotFound):
        clusters.unlink_cluster("ceph")
    linked, made = clusters.link_cluster(cluster("ceph"))
    assert made
    assert linked.state is ClusterState.ACTIVE


@pytest.mark.usefixtures("linked")
def test_a_cluster_that_may_hold_replicas_is_not_unlinked() -> None:
    def refused(reason: str) -> None:
        with pytest.raises(ClusterInUse, match=reason):
            clusters.unlink_cluster("ceph")
        assert seen("ceph")

    refused("drained first")
    clusters.change_cluster("ceph", {"state": DRAINING})
    refused("drained first")
    job = clusters.drain_cluster("ceph", rate=7)
    refused("RUNNING")
    stop_job(job.id)
    refused("STOPPED")
    again = clusters.drain_cluster("ceph", rate=7)
    refused("RUNNING")
    end(again)
    clusters.unlink_cluster("ceph")


@pytest.mark.usefixtures("linked")
def test_a_cluster_that_took_replicas_after_its_drain_is_drained_anew() -> None:
    end(clusters.drain_cluster("ceph", rate=7))
    clusters.change_cluster("ceph", {"state": None})
    clusters.change_cluster("ceph", {"state": DRAINING})
    with pytest.raises(ClusterInUse):
        clusters.unlink_cluster("ceph")


@pytest.mark.usefixtures("linked")
def test_a_cluster_that_is_put_to_work_again_meanwhile_is_not_unlinked(network: Network) -> None:
    end(clusters.drain_cluster("ceph", rate=7))

    def before(name: str) -> None:
        if name == "dynamodb:PutItem":
            network.before = None
            with network.outside():
                clusters.change_cluster("ceph", {"state": None})

    network.before = before
    with pytest.raises(ClusterInUse):
        clusters.unlink_cluster("ceph")
    assert seen("ceph").state is ClusterState.ACTIVE


@pytest.mark.usefixtures("linked")
def test_an_unlinking_that_ends_anywhere_is_finished_by_others(network: Network) -> None:
    """Once it is decided nobody sees the cluster; before, it is as it was."""
    decided = 0
    for number in range(20):
        registry.write_health("ceph", Health(read_ms=7))
        end(clusters.drain_cluster("ceph", rate=7))
        try:
            with network.record((number, Manner.DIES)):
                clusters.unlink_cluster("ceph")
        except Died:
            pass
        else:
            break
        if "ceph" in current_registry(fresh=True).clusters:
            assert not decided
            clusters.unlink_cluster("ceph")
        else:
            decided += 1
            for changing in ({"weight": 3}, {"state": ClusterState.ACTIVE}):
                with pytest.raises(ClusterNotFound):
                    clusters.change_cluster("ceph", changing)
        for name in current_registry(fresh=True).unlinking:
            registry.finish_unlinking(name)
        for kind in (CLUSTER, OPERATOR, HEALTH):
            assert registry.read(kind, "ceph") is None
        assert current_registry(fresh=True).unlinked == {"ceph"}
        clusters.link_cluster(cluster("ceph"))
        assert current_registry(fresh=True).unlinked == frozenset()
    assert decided > 4


@pytest.mark.usefixtures("linked")
def test_a_cluster_that_is_linked_anew_while_it_is_unlinked_is_linked(network: Network) -> None:
    """In every order; what is left to finish then does no harm."""
    for stage in interleavings(network):
        with network.outside():
            end(clusters.drain_cluster("ceph", rate=7))
            override = registry.read(OPERATOR, "ceph") or {}
            word = {"state": "UNLINKED", "at": "now"}
            assert registry.replace(OPERATOR, "ceph", word, before=override)
        stage.play(
            lambda: clusters.link_cluster(cluster("ceph", weight=2)),
            lambda: registry.finish_unlinking("ceph"),
        )
        with network.outside():
            assert seen("ceph").weight == 2
            assert current_registry(fresh=True).unlinking == frozenset()


def test_what_is_not_linked_is_not_found() -> None:
    for missing in (
        lambda: clusters.change_cluster("ceph", {"weight": 1}),
        lambda: clusters.drain_cluster("ceph", rate=7),
        lambda: clusters.unlink_cluster("ceph"),
    ):
        with pytest.raises(ClusterNotFound):
            missing()
    with pytest.raises(JobNotFound):
        stop_job("x" * 5000)
