"""The resolver when clusters come, go and fail: what is there stays, and little moves."""

import math

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mcos.errors import NotEnoughClusters
from mcos.model.clusters import DEFAULT_POLICY, ClusterState, PolicyPart, StoragePolicy
from mcos.model.objects import ObjectKey
from mcos.placement import resolver
from tests.support.builders import KEY, cluster
from tests.support.placements import KEYS, NAMES, Case, cases, chosen, filled, names

HELD = st.sets(st.sampled_from([*NAMES, "unknown"]), max_size=4)


# Clusters that come and go


@given(case=cases(), key=KEYS, data=st.data())
def test_a_cluster_without_a_replica_comes_and_goes_unnoticed(
    case: Case, key: ObjectKey, data: st.DataObject
) -> None:
    clusters, policy, down_too = case
    targets = resolver.place(clusters, policy, key, down_too=down_too).targets
    others = [one for one in clusters if one not in targets]
    assume(others)
    gone = data.draw(st.sampled_from(others))
    fewer = [one for one in clusters if one is not gone]
    assert resolver.place(fewer, policy, key, down_too=down_too).targets == targets


@given(case=cases(alone=True), key=KEYS, data=st.data())
def test_a_cluster_that_goes_is_replaced_by_the_first_spare_that_fits_and_nothing_else_moves(
    case: Case, key: ObjectKey, data: st.DataObject
) -> None:
    clusters, policy, _ = case
    placement = resolver.place(clusters, policy, key)
    gone = data.draw(st.sampled_from(placement.targets))
    staying = [one for one in placement.targets if one is not gone]
    fitting = [
        one for one in placement.spares if filled(policy, [*staying, one]) == policy.replicas
    ]
    assume(fitting)
    added = resolver.complete(clusters, policy, key, kept=names(staying), avoided=[gone.name])
    assert added == (fitting[0],)
    rest = [one for one in clusters if one is not gone]
    targets = resolver.place(rest, policy, key).targets
    assert sorted(names(targets)) == sorted(names([*staying, *added]))


def test_of_n_clusters_the_one_that_comes_wins_a_share_of_one_in_n_and_no_more_moves() -> None:
    registry = [cluster(name, location=name) for name in "abcdef"]
    total, share = 5_000, 3 / 6  # three of six clusters, so a sixth of all replicas
    moved = 0
    for number in range(total):
        key = ObjectKey("ada", "photos", f"{number}")
        before = set(names(resolver.place(registry[:-1], DEFAULT_POLICY, key).targets))
        after = set(names(resolver.place(registry, DEFAULT_POLICY, key).targets))
        assert after - before <= {"f"}
        assert len(before - after) == len(after - before)
        moved += len(after - before)
    # Five standard deviations of a binomial distribution; the draws are the same each time.
    assert abs(moved - total * share) < 5 * math.sqrt(total * share * (1 - share))


# Completing what there is


@settings(max_examples=300, deadline=None)  # some rules seldom decide; trying all takes long
@given(case=cases(), key=KEYS, kept=HELD, avoided=st.sets(st.sampled_from(NAMES), max_size=2))
def test_what_completes_a_placement_is_the_best_beside_what_is_kept(
    case: Case, key: ObjectKey, kept: set[str], avoided: set[str]
) -> None:
    clusters, policy, down_too = case
    expected = chosen(clusters, policy, key, kept=kept, avoided=avoided, down_too=down_too)
    try:
        added = resolver.complete(
            clusters, policy, key, kept=kept, avoided=avoided, down_too=down_too
        )
    except NotEnoughClusters:
        assert expected is None
        return
    assert expected is not None
    assert sorted(names(added)) == sorted(expected)
    assert not set(names(added)) & (kept | avoided)
    known = [one for one in clusters if one.name in kept]
    assert filled(policy, [*known, *added]) == policy.replicas
    assert len(added) == policy.replicas - filled(policy, known)


@given(case=cases(), key=KEYS)
def test_with_nothing_kept_the_placement_is_completed_by_its_targets(
    case: Case, key: ObjectKey
) -> None:
    clusters, policy, down_too = case
    targets = resolver.place(clusters, policy, key, down_too=down_too).targets
    assert resolver.complete(clusters, policy, key, kept=(), down_too=down_too) == targets
    assert resolver.complete(clusters, policy, key, kept=names(targets)) == ()


def test_a_spare_is_of_the_provider_that_lost_its_replica() -> None:
    registry = [
        *(cluster(name, provider="p") for name in "ab"),
        *(cluster(name, provider="q") for name in "cd"),
        *(cluster(name, provider="r") for name in "ef"),
    ]
    targets = resolver.place(registry, DEFAULT_POLICY, KEY).targets
    for lost in targets:
        kept = [one.name for one in targets if one is not lost]
        (spare,) = resolver.complete(registry, DEFAULT_POLICY, KEY, kept=kept, avoided=[lost.name])
        assert spare.provider == lost.provider


# Moving to where an object shall be


@given(case=cases(down=False), key=KEYS, other=KEYS, data=st.data())
def test_moves_lead_to_the_placement_by_clusters_that_hold_nothing_yet(
    case: Case, key: ObjectKey, other: ObjectKey, data: st.DataObject
) -> None:
    clusters, policy, _ = case
    ideal = set(names(resolver.place(clusters, policy, key).targets))
    another = st.just(set(names(resolver.place(clusters, policy, other).targets)))
    whole = st.permutations([*NAMES, "gone"]).map(lambda found: set(found[: policy.replicas]))
    held = data.draw(another | whole | HELD)
    holding = set(held)

    def met() -> int:
        return filled(policy, [one for one in clusters if one.name in holding])

    for source, to in resolver.moves(clusters, policy, key, held):
        before = met()
        assert source in holding - ideal
        assert to in ideal - holding - held
        holding = holding - {source} | {to}
        assert met() >= before
    assert holding == ideal if len(held) == policy.replicas else len(holding) == len(held)
    assert holding <= ideal or holding >= ideal
    assert resolver.moves(clusters, policy, key, holding) == []


def test_a_policy_is_met_between_one_move_and_the_next() -> None:
    fast = {"speed": "fast"}
    registry = [
        cluster("a", labels=fast, weight=0.001),
        cluster("b", weight=0.001),
        cluster("c", labels=fast, weight=1000),
        cluster("d", weight=1000),
    ]
    parts = PolicyPart(1), PolicyPart(1, must=fast)
    policy = StoragePolicy("some", parts, readable=1)
    assert resolver.moves(registry, policy, KEY, {"a", "b"}) == [("b", "d"), ("a", "c")]


def test_an_object_that_cannot_be_placed_now_stays() -> None:
    registry = [cluster("a"), cluster("b"), cluster("c", state=ClusterState.DRAINING)]
    assert resolver.moves(registry, DEFAULT_POLICY, KEY, {"a", "b", "c"}) == []
