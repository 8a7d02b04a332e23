"""The resolver: the same answer everywhere, and as little moves as can be."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcos import resolver
from mcos.errors import NotEnoughClusters
from mcos.model import Cluster, ClusterState
from tests.unit.builders import cluster

NAMES = st.text("abcdefghij", min_size=1, max_size=4)
CLUSTERS = st.builds(
    cluster,
    NAMES,
    provider=st.sampled_from(["p", "q", "r"]),
    weight=st.sampled_from([0.0, 0.5, 1.0, 3.0]),
    state=st.sampled_from(ClusterState),
)
REGISTRIES = st.lists(CLUSTERS, max_size=8, unique_by=lambda one: one.name)
ACTIVE = st.lists(
    st.builds(cluster, NAMES, provider=st.sampled_from(["p", "q", "r"])),
    min_size=3,
    max_size=8,
    unique_by=lambda one: one.name,
)
KEYS = st.tuples(st.text(max_size=3), st.text(max_size=3), st.text(max_size=3))
KEY = ("ada", "photos", "sea.jpg")


def names(clusters: list[Cluster]) -> list[str]:
    return [one.name for one in clusters]


@given(registry=REGISTRIES, key=KEYS, data=st.data())
def test_the_answer_is_the_same_whatever_the_order_of_the_registry(
    registry: list[Cluster], key: tuple[str, str, str], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(registry))
    assert resolver.rank(shuffled, key) == resolver.rank(registry, key)


@given(registry=REGISTRIES, key=KEYS)
def test_only_active_clusters_of_a_positive_weight_are_ranked(
    registry: list[Cluster], key: tuple[str, str, str]
) -> None:
    wanted = [one for one in registry if one.state is ClusterState.ACTIVE and one.weight > 0]
    assert sorted(names(resolver.rank(registry, key))) == sorted(names(wanted))


@given(registry=REGISTRIES, key=KEYS)
def test_no_provider_has_a_second_replica_before_every_provider_has_its_first(
    registry: list[Cluster], key: tuple[str, str, str]
) -> None:
    ranked = resolver.rank(registry, key)
    for length in range(len(ranked) + 1):
        taken = Counter(one.provider for one in ranked[:length])
        waiting = {one.provider for one in ranked[length:]}
        for provider, count in taken.items():
            assert all(taken[other] >= count - 1 for other in waiting - {provider})


@given(
    registry=ACTIVE, new=st.builds(cluster, NAMES, provider=st.sampled_from(["p", "s"])), key=KEYS
)
def test_a_cluster_that_comes_moves_only_what_it_wins(
    registry: list[Cluster], new: Cluster, key: tuple[str, str, str]
) -> None:
    registry = [one for one in registry if one.name != new.name]
    if len(registry) < 3:
        return
    before = set(names(list(resolver.targets(registry, key))))
    after = set(names(list(resolver.targets([*registry, new], key))))
    assert after - before <= {new.name}
    assert len(after - before) == len(before - after) <= 1


@given(registry=ACTIVE, key=KEYS, data=st.data())
def test_a_cluster_that_goes_moves_only_what_it_held(
    registry: list[Cluster], key: tuple[str, str, str], data: st.DataObject
) -> None:
    leaving = data.draw(st.sampled_from(registry))
    rest = [one for one in registry if one is not leaving]
    if len(rest) < 3:
        return
    before = set(names(list(resolver.targets(registry, key))))
    after = set(names(list(resolver.targets(rest, key))))
    assert before - after == before & {leaving.name}


def test_replicas_are_spread_by_weight() -> None:
    weights = {"a": 1.0, "b": 1.0, "c": 2.0, "d": 4.0}
    registry = [cluster(name, weight=weight) for name, weight in weights.items()]
    total = 4000
    first = Counter(
        resolver.rank(registry, ("ada", "photos", f"{number}"))[0].name for number in range(total)
    )
    for name, weight in weights.items():
        share = weight / sum(weights.values())
        # Five standard deviations of a binomial distribution; the draws are always the same.
        allowed = 5 * (total * share * (1 - share)) ** 0.5
        assert abs(first[name] - total * share) < allowed


def test_an_object_is_placed_by_all_of_its_key() -> None:
    registry = [cluster(name) for name in "abcdef"]
    parts = [("ada", "photos", "sea"), ("adaphotos", "", "sea"), ("ada", "photossea", "")]
    scores = {tuple(resolver.score(one, key) for one in registry) for key in parts}
    assert len(scores) == 3


def test_placement_does_not_change_from_one_release_to_the_next() -> None:
    registry = [cluster(name) for name in ("ceph", "s3", "swift", "gcs", "azure")]
    assert names(resolver.rank(registry, KEY)) == ["s3", "swift", "azure", "ceph", "gcs"]


def test_too_few_clusters_are_said_to_be_too_few() -> None:
    registry = [cluster("a"), cluster("b"), cluster("c", state=ClusterState.DRAINING)]
    with pytest.raises(NotEnoughClusters, match="2 clusters"):
        resolver.targets(registry, KEY)
    assert len(resolver.targets([*registry, cluster("d")], KEY)) == 3


def test_one_provider_with_three_clusters_takes_three_replicas_if_there_is_no_other() -> None:
    registry = [cluster(name, provider="p") for name in "abc"]
    assert sorted(names(list(resolver.targets(registry, KEY)))) == ["a", "b", "c"]
