"""Registries, policies, and the resolver's rules once more: word by word, by trying everything."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from itertools import combinations
from typing import NamedTuple

from hypothesis import strategies as st

from mcos.model.clusters import Cluster, ClusterState, PolicyPart, StoragePolicy
from mcos.model.objects import ObjectKey
from mcos.placement import resolver
from tests.support.builders import cluster

ACTIVE, DOWN = ClusterState.ACTIVE, ClusterState.DOWN

KEYS = st.tuples(st.text(max_size=3), st.text(max_size=3), st.text(max_size=3))
NAMES = "abcdef"

_LABELS = st.fixed_dictionaries(
    {}, optional={"speed": st.sampled_from(["fast", "slow"]), "cost": st.just("low")}
)
_SHOULD: list[dict[str, str]] = [{}, {"speed": "fast"}, {"cost": "low"}]
_MUST = [*_SHOULD, {"speed": "fast", "cost": "low"}, {"provider": "p"}]


@st.composite
def registries(draw: st.DrawFn, *, alone: bool = False, least: int = 0) -> list[Cluster]:
    """Some clusters; ``alone``: all ACTIVE, and no two share a provider or a location."""
    weights = [0.5, 1, 3] if alone else [0, 0.5, 1, 1, 1, 3]
    return [
        cluster(
            name,
            provider=name if alone else draw(st.sampled_from("pqr")),
            location=name if alone else draw(st.sampled_from(["hanoi", "paris"])),
            labels=draw(_LABELS),
            weight=draw(st.sampled_from(weights)),
            state=ACTIVE if alone else draw(st.sampled_from([ACTIVE] * 5 + list(ClusterState))),
            healthy=alone or draw(st.sampled_from([True, True, True, False])),
        )
        for name in NAMES[: draw(st.integers(least, len(NAMES)))]
    ]


@st.composite
def policies(draw: st.DrawFn) -> StoragePolicy:
    """Policies of up to four replicas that the clusters may or may not be able to meet."""
    replicas = draw(st.sampled_from([(1,), (2,), (3,), (4,), (1, 1), (1, 2), (2, 2), (1, 1, 1)]))
    return StoragePolicy(
        "some",
        tuple(
            PolicyPart(
                count, must=draw(st.sampled_from(_MUST)), should=draw(st.sampled_from(_SHOULD))
            )
            for count in replicas
        ),
        readable=1,
    )


class Case(NamedTuple):
    """A policy, and clusters that can meet it."""

    clusters: list[Cluster]
    policy: StoragePolicy
    down_too: bool = False


@st.composite
def cases(draw: st.DrawFn, *, down: bool = True, alone: bool = False, parts: int = 3) -> Case:
    """Cases.

    Parameters
    ----------
    down
        Whether there may be cases that only clusters which are DOWN can meet.
    alone
        As for ``registries``; and then the policy has no ``should`` labels.
    """
    clusters = draw(registries(alone=alone, least=2))
    down_too = down and not alone and draw(st.booleans())
    able = takers(clusters, [ACTIVE, DOWN] if down_too else [ACTIVE])
    if not able:
        able = [cluster("z", provider="p")]
        clusters += able
    # Some clusters that meet the policy are drawn first, and then what they have in common.
    witnesses = draw(st.permutations(able))[: draw(st.integers(1, 4))]
    ends = draw(st.sets(st.integers(1, len(witnesses)), max_size=parts - 1)) | {len(witnesses)}
    found = []
    start = 0
    for end in sorted(ends):
        group = witnesses[start:end]
        start = end
        must = draw(st.sampled_from([m for m in _MUST if all(one.has(m) for one in group)]))
        should = {} if alone else draw(st.sampled_from(_SHOULD))
        found.append(PolicyPart(len(group), must=must, should=should))
    return Case(clusters, StoragePolicy("some", tuple(found), readable=1), down_too)


def names(clusters: Iterable[Cluster]) -> list[str]:
    return [one.name for one in clusters]


def takers(clusters: Iterable[Cluster], states: Collection[ClusterState]) -> list[Cluster]:
    return [one for one in clusters if one.state in states and one.weight > 0]


def slots(policy: StoragePolicy) -> list[PolicyPart]:
    """A part for each replica."""
    return [part for part in policy.parts for _ in range(part.replicas)]


def filled(policy: StoragePolicy, clusters: Sequence[Cluster], *, should: bool = False) -> int:
    """How many replicas the clusters can account for; with ``should``, of those wished for."""

    def most(open_slots: Sequence[PolicyPart], rest: tuple[Cluster, ...]) -> int:
        if not open_slots or not rest:
            return 0
        part, *others = open_slots
        best = most(others, rest)
        for one in rest:
            if one.has(part.must) and (not should or (part.should and one.has(part.should))):
                best = max(best, 1 + most(others, tuple(two for two in rest if two is not one)))
        return best

    return most(slots(policy), tuple(clusters))


def subsets(clusters: Sequence[Cluster]) -> Iterable[tuple[Cluster, ...]]:
    for size in range(len(clusters) + 1):
        yield from combinations(clusters, size)


def chosen(
    clusters: Sequence[Cluster],
    policy: StoragePolicy,
    key: ObjectKey,
    *,
    kept: Collection[str] = (),
    avoided: Collection[str] = (),
    down_too: bool = False,
) -> list[str] | None:
    """Names of the clusters to be added to those kept, in any order; None if there are not enough.

    The rules of ``mcos.placement.resolver`` at their plainest.
    """
    by_name = {one.name: one for one in clusters}

    @cache
    def seats(held: frozenset[str], should: bool = False) -> int:
        return filled(policy, [by_name[name] for name in sorted(held)], should=should)

    def providers(held: frozenset[str]) -> set[str]:
        return {by_name[name].provider for name in held}

    def reachable(held: frozenset[str], group: list[Cluster]) -> int:
        """The most providers that have a replica when all is chosen from the group that can be."""
        return max(
            len(providers(held | frozenset(names(more))))
            for more in subsets([one for one in group if one.name not in held])
            if seats(held | frozenset(names(more))) == seats(held) + len(more)
        )

    held = frozenset(name for name in kept if name in by_name)
    added: list[str] = []
    for states in ([ACTIVE], [DOWN]) if down_too else ([ACTIVE],):
        group = [one for one in takers(clusters, states) if one.name not in avoided]
        while True:
            possible = [
                one
                for one in group
                if one.name not in held and seats(held | {one.name}) > seats(held)
            ]
            if not possible:
                break
            most = reachable(held, group)
            uses = Counter(by_name[name].provider for name in held)
            places = Counter(by_name[name].location for name in held)

            def preference(
                one: Cluster,
                held: frozenset[str] = held,
                uses: Counter[str] = uses,
                places: Counter[str] = places,
            ) -> tuple[object, ...]:
                return (
                    uses[one.provider],
                    seats(held | {one.name}, True) == seats(held, True),
                    places[one.location],
                    -resolver.score(one, key),
                    one.name,
                )

            best = min(
                (one for one in possible if reachable(held | {one.name}, group) == most),
                key=preference,
            )
            held |= {best.name}
            added.append(best.name)
    return added if seats(held) == policy.replicas else None
