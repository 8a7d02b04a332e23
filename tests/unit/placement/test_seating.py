"""Storage policies: who could meet them, and what is said if nobody can."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcos.model.clusters import DEFAULT_POLICY, Cluster, ClusterState, PolicyPart, StoragePolicy
from mcos.placement import seating as policies
from mcos.placement.seating import Seating, policy_of
from tests.support import placements
from tests.support.builders import cluster, version
from tests.support.placements import ACTIVE, DOWN, filled, registries, takers

FAST, SLOW, LOW = {"speed": "fast"}, {"speed": "slow"}, {"cost": "low"}


def policy(*parts: PolicyPart) -> StoragePolicy:
    return StoragePolicy("some", parts, readable=1)


@given(registry=registries(), policy=placements.policies())
def test_a_policy_is_refused_exactly_if_no_choice_of_clusters_meets_it(
    registry: list[Cluster], policy: StoragePolicy
) -> None:
    able = takers(registry, [ACTIVE, DOWN])
    assert (policies.unmet(policy, registry) is None) == (filled(policy, able) == policy.replicas)


@settings(max_examples=500)  # few orders of arrival are awkward
@given(registry=registries(least=3), policy=placements.policies(), data=st.data())
def test_the_order_of_arrival_costs_no_seat(
    registry: list[Cluster], policy: StoragePolicy, data: st.DataObject
) -> None:
    seating = Seating(policy)
    seated: set[str] = set()
    for one in data.draw(st.permutations(registry)):
        fits = policies.fitting_parts(one, policy)
        expected = seating.has_seat_for(fits)
        assert seating.seat(one.name, fits) == expected
        if expected:
            seated.add(one.name)
        assert set(seating.seats) == seated
    assert len(seated) == policies.seats_filled(policy, registry) == filled(policy, registry)
    assert seating.free == policy.replicas - len(seated)
    by_name = {one.name: one for one in registry}
    for index, part in enumerate(policy.parts):
        sitting = [by_name[str(who)] for who, at in seating.seats.items() if at == index]
        assert len(sitting) <= part.replicas
        assert all(one.has(part.must) for one in sitting)


@given(registry=registries(), policy=placements.policies())
def test_what_is_lacking_is_lacking_indeed(registry: list[Cluster], policy: StoragePolicy) -> None:
    """The parts that are named want more than all clusters that fit any of them."""
    reason = policies.unmet(policy, registry)
    if reason is None:
        return
    wanted = int(reason.partition(" wants ")[2].split()[0])
    found = int(reason.partition("; only ")[2].split()[0]) if "; only " in reason else 0
    said = reason.partition(" with ")[2].partition(";")[0]
    named = [
        part
        for part in policy.parts
        if not said or policies.labels_text(part.must) in said.split(" or with ")
    ]
    fitting = [
        one for one in takers(registry, [ACTIVE, DOWN]) if any(one.has(part.must) for part in named)
    ]
    assert len(fitting) == found < wanted <= sum(part.replicas for part in named)


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (
            DEFAULT_POLICY,
            "Storage policy 'default' wants 3 replicas on different clusters; "
            "only 2 clusters can hold them.",
        ),
        (
            policy(PolicyPart(1), PolicyPart(1, must={"location": "hue", "speed": "fast"})),
            "Storage policy 'some' wants 1 replica on different clusters "
            "with location=hue, speed=fast; no cluster can hold them.",
        ),
        (
            policy(PolicyPart(1, must=FAST), PolicyPart(1, must=LOW)),
            "Storage policy 'some' wants 2 replicas on different clusters "
            "with speed=fast or with cost=low; only 1 cluster can hold them.",
        ),
        (policy(PolicyPart(1, must=SLOW), PolicyPart(1, must=LOW)), None),
    ],
)
def test_the_person_who_sets_a_policy_is_told_what_is_lacking(
    wanted: StoragePolicy, reason: str | None
) -> None:
    registry = [
        cluster("a", labels={**FAST, **LOW}),
        cluster("b", labels=SLOW, state=DOWN),
        cluster("c", labels=FAST, weight=0),
        cluster("d", labels=FAST, state=ClusterState.DRAINING),
    ]
    assert policies.unmet(wanted, registry) == reason


@pytest.mark.parametrize(
    ("state", "weight", "takes", "takes_when_down"),
    [
        (ACTIVE, 1, True, True),
        (ACTIVE, 0, False, False),
        (DOWN, 1, False, True),
        (DOWN, 0, False, False),
        (ClusterState.DRAINING, 1, False, False),
    ],
)
def test_which_clusters_take_new_replicas(
    state: ClusterState, weight: float, takes: bool, takes_when_down: bool
) -> None:
    one = cluster("a", state=state, weight=weight)
    assert policies.is_accepting(one) is takes
    assert policies.is_accepting(one, down_too=True) is takes_when_down


def test_the_part_that_suits_a_cluster_best_comes_first() -> None:
    wanted = policy(PolicyPart(1, should=FAST), PolicyPart(1), PolicyPart(1, should=SLOW))
    assert policies.fitting_parts(cluster("a", labels=SLOW), wanted) == (2, 1, 0)
    assert policies.fitting_parts(cluster("a", labels=FAST), wanted) == (0, 1, 2)
    assert policies.fitting_parts(cluster("a"), wanted) == (1, 0, 2)
    assert policies.preferring_parts(cluster("a", labels=SLOW), wanted) == (2,)


def test_a_part_does_not_wish_for_a_cluster_that_lacks_what_it_must_have() -> None:
    wanted = policy(PolicyPart(1, must=LOW, should=FAST))
    assert policies.fitting_parts(cluster("a", labels=FAST), wanted) == ()
    assert policies.preferring_parts(cluster("a", labels=FAST), wanted) == ()


def test_a_policy_that_is_gone_wanted_as_many_replicas_as_there_are() -> None:
    one = replace(version(1), storage_policy="gone", readable_from=2)
    assert policy_of(one, {}) == StoragePolicy("gone", (PolicyPart(3),), readable=2)
    known = StoragePolicy("gone", (PolicyPart(5),), readable=1)
    assert policy_of(one, {"gone": known}) is known
