"""Why an object is where it is: the resolver's answer, with a reason for each cluster."""

from hypothesis import given

from mcos.model.clusters import DEFAULT_POLICY, ClusterState, PolicyPart, StoragePolicy
from mcos.model.objects import ObjectKey
from mcos.placement import resolver, seating
from mcos.placement.explanation import PlacementRole, explain
from tests.support.builders import cluster
from tests.support.placements import DOWN, KEYS, Case, cases, names, slots

KEY = ObjectKey("ada", "photos", "sea.jpg")
FAST = {"speed": "fast"}


@given(case=cases(), key=KEYS)
def test_every_cluster_is_explained_as_the_resolver_has_it(case: Case, key: ObjectKey) -> None:
    clusters, policy, down_too = case
    answers = explain(clusters, policy, key, down_too=down_too)
    placement = resolver.place(clusters, policy, key, down_too=down_too)
    by_role = {role: [one for one in answers if one.role is role] for role in PlacementRole}
    assert tuple(one.cluster for one in by_role[PlacementRole.TARGET]) == placement.targets
    assert tuple(one.cluster for one in by_role[PlacementRole.SPARE]) == placement.spares
    assert sorted(names(one.cluster for one in answers)) == sorted(names(clusters))
    assert answers == [answer for role in PlacementRole for answer in by_role[role]]
    wanted = slots(policy)
    for answer, part in zip(by_role[PlacementRole.TARGET], wanted, strict=True):
        assert answer.part is not None
        assert policy.parts[answer.part] == part
    for answer in answers:
        assert answer.score == resolver.score(answer.cluster, key)
        assert answer.reason
        assert (answer.part is None) == (answer.role is not PlacementRole.TARGET)
        able = seating.is_accepting(answer.cluster, down_too=down_too)
        excluded = not (able and seating.fitting_parts(answer.cluster, policy))
        assert (answer.role is PlacementRole.EXCLUDED) == excluded


def test_a_reason_says_what_counted() -> None:
    registry = [
        cluster("ceph", labels=FAST),
        cluster("s3", provider="aws", location="hanoi"),
        cluster("s3-backup", provider="aws", labels=FAST, state=DOWN),
        cluster("swift", state=ClusterState.DRAINING),
        cluster("gcs", weight=0, labels=FAST),
    ]
    parts = (PolicyPart(1, must=FAST), PolicyPart(1, must={"provider": "aws"}, should=FAST))
    answers = explain(registry, StoragePolicy("some", parts, readable=1), KEY, down_too=True)
    assert [(one.cluster.name, one.role, one.part, one.reason) for one in answers] == [
        (
            "ceph",
            PlacementRole.TARGET,
            0,
            "no replica before it is on provider ceph; no part still preferred its labels; "
            "no replica before it is at location here",
        ),
        (
            "s3",
            PlacementRole.TARGET,
            1,
            "no replica before it is on provider aws; no part still preferred its labels; "
            "no replica before it is at location hanoi",
        ),
        (
            "s3-backup",
            PlacementRole.SPARE,
            None,
            "it is DOWN, so every ACTIVE cluster that fits comes before it; "
            "1 replica before it is on provider aws; a part still preferred its labels; "
            "1 replica before it is at location here",
        ),
        ("gcs", PlacementRole.EXCLUDED, None, "its weight is 0"),
        (
            "swift",
            PlacementRole.EXCLUDED,
            None,
            "it is DRAINING and takes no new replicas; it lacks speed=fast for part 0; "
            "it lacks provider=aws for part 1",
        ),
    ]


def test_where_nothing_can_be_placed_all_that_could_be_chosen_are_told_what_is_lacking() -> None:
    registry = [cluster("a"), cluster("b"), cluster("c", state=DOWN)]
    answers = explain(registry, DEFAULT_POLICY, KEY)
    assert sorted((one.cluster.name, one.role, one.part) for one in answers) == [
        ("a", PlacementRole.SPARE, None),
        ("b", PlacementRole.SPARE, None),
        ("c", PlacementRole.EXCLUDED, None),
    ]
    assert "only 2 clusters can hold them now" in answers[0].reason
    assert answers[2].reason == "it is DOWN and takes no new replicas"
