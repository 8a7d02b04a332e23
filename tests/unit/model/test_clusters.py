"""Which clusters count as healthy, and who does the work of those that do none."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mcos import clock, limits
from mcos.model.clusters import Cluster, ClusterState, Health, Registry, seen_at
from tests.support.builders import cluster

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def checked(name: str, seconds: float | None, *, healthy: bool = True) -> Cluster:
    """A cluster whose health was checked that long ago; None: never."""
    at = None if seconds is None else clock.text(NOW - timedelta(seconds=seconds))
    return replace(cluster(name), health=Health(healthy=healthy, checked_at=at))


def linked(name: str, seconds: float) -> Cluster:
    """A cluster that was linked that long ago and not checked yet."""
    return replace(cluster(name), linked_at=clock.text(NOW - timedelta(seconds=seconds)))


@pytest.mark.parametrize("age", [-60, 0, limits.HEALTH_AGE_SECONDS])
def test_a_recent_check_counts(age: float) -> None:
    assert seen(checked("a", age)) == checked("a", age)
    assert seen(checked("a", age, healthy=False)).state is ClusterState.DOWN


def test_a_cluster_that_was_not_checked_for_three_minutes_is_down_and_says_why() -> None:
    late = seen(checked("a", limits.HEALTH_AGE_SECONDS + 1))
    assert late.state is ClusterState.DOWN
    assert late.health.reason == "No health check since 2026-11-26T11:56:59.000Z."
    assert replace(late, operator_state=ClusterState.ACTIVE).state is ClusterState.ACTIVE


def test_a_cluster_that_was_just_linked_is_active_until_its_first_check_is_overdue() -> None:
    assert seen(linked("a", 60)).state is ClusterState.ACTIVE
    late = seen(linked("a", limits.HEALTH_AGE_SECONDS + 1))
    assert (late.state, late.health.reason) == (ClusterState.DOWN, "It was never checked.")
    assert seen(checked("a", None)).state is ClusterState.ACTIVE


def seen(one: Cluster) -> Cluster:
    """A cluster as it counts now, beside one that was checked just now."""
    return seen_at(NOW, {one.name: one, "b": checked("b", 0)})[one.name]


def test_if_no_cluster_is_checked_any_more_their_last_checks_count() -> None:
    all_late = {one.name: one for one in (checked("a", 999), checked("b", 9999, healthy=False))}
    assert seen_at(NOW, all_late) == all_late


def registry(*clusters: Cluster, unlinked: frozenset[str] = frozenset()) -> Registry:
    return Registry({one.name: one for one in clusters}, unlinked=unlinked)


def test_a_cluster_that_is_not_heard_of_for_ten_minutes_is_adopted_by_one_other() -> None:
    late = limits.ADOPTION_SECONDS
    for name in ("x", "y", "z", "far-away"):
        for age, adopted in ((late, 0), (late + 1, 1)):
            found = registry(*(checked(one, 30) for one in "abc"), checked(name, age))
            by = [one for one in found.clusters if name in found.adopted_by(one, NOW)]
            assert len(by) == adopted
            assert name not in by


def test_those_that_are_not_linked_any_more_are_adopted_and_shared_out() -> None:
    gone = frozenset(f"gone-{number}" for number in range(30))
    found = registry(*(checked(one, 30) for one in "abc"), unlinked=gone)
    shares = [set(found.adopted_by(one, NOW)) for one in "abc"]
    assert sum(map(len, shares)) == len(gone)
    assert set.union(*shares) == gone
    assert all(shares)


def test_a_cluster_that_is_ill_and_works_is_not_adopted() -> None:
    found = registry(checked("a", 30), checked("b", 30, healthy=False))
    assert found.adopted_by("a", NOW) == ()


def test_if_nobody_is_heard_of_each_may_do_it_all() -> None:
    found = registry(*(checked(one, 9999) for one in "abc"))
    assert [found.adopted_by(one, NOW) for one in "abc"] == [("b", "c"), ("a", "c"), ("a", "b")]
