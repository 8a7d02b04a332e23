"""Storage policies: none is set that cannot be met, none is deleted that a container names."""

import pytest

from mcos.admin import clusters
from mcos.admin.policies import delete_policy, list_policies, set_policy
from mcos.catalog import containers
from mcos.catalog.registry import current_registry
from mcos.errors import InvalidBody, InvalidName, PolicyInUse, PolicyNotFound, PolicyUnmet
from mcos.model.clusters import DEFAULT_POLICY, ClusterState, PolicyPart, StoragePolicy
from tests.support.network import Network

pytestmark = pytest.mark.usefixtures("linked")

PAIR = StoragePolicy("pair", (PolicyPart(2),), 1)


def named(name: str, *parts: PolicyPart, readable: int = 1) -> StoragePolicy:
    return StoragePolicy(name, parts, readable)


def test_a_policy_is_set_and_set_again() -> None:
    assert set_policy(PAIR)
    assert current_registry().policies["pair"] == PAIR
    other = named("pair", PolicyPart(1, must={"speed": "fast"}), PolicyPart(2, should={"a": "b"}))
    assert not set_policy(other)
    assert list_policies() == [DEFAULT_POLICY, other]


def test_a_policy_that_the_clusters_cannot_meet_is_refused_and_says_why() -> None:
    with pytest.raises(PolicyUnmet, match=r"speed=fast.*only 1 cluster"):
        set_policy(named("fast", PolicyPart(2, must={"speed": "fast"})))
    with pytest.raises(PolicyUnmet, match=r"5 replicas.*only 4"):
        set_policy(named("five", PolicyPart(5)))
    set_policy(named("four", PolicyPart(4)))
    clusters.change_cluster("ceph", {"state": ClusterState.DOWN})
    set_policy(named("four", PolicyPart(4), readable=2))
    clusters.change_cluster("ceph", {"state": ClusterState.DRAINING})
    with pytest.raises(PolicyUnmet):
        set_policy(named("four", PolicyPart(4), readable=3))
    assert current_registry(fresh=True).policies["four"].readable == 2


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        (named("x"), "parts"),
        (named("x", *[PolicyPart(1)] * 9), "parts"),
        (named("x", PolicyPart(0)), r"parts\[0\]\.replicas"),
        (named("x", PolicyPart(1), PolicyPart(-1)), r"parts\[1\]\.replicas"),
        (named("x", PolicyPart(10), PolicyPart(7)), "16"),
        (named("x", PolicyPart(10**4000), PolicyPart(10**4299)), "16"),
        (named("x", PolicyPart(1), readable=0), "readable"),
        (named("x", PolicyPart(1), readable=2), "readable"),
        (named("x", PolicyPart(1, must={"": "a"})), r"parts\[0\]\.must"),
        (named("x", PolicyPart(1, should={"a": "\n"})), r"parts\[0\]\.should"),
    ],
)
def test_a_policy_that_breaks_a_rule_is_refused(policy: StoragePolicy, field: str) -> None:
    with pytest.raises(InvalidBody, match=field):
        set_policy(policy)
    assert list_policies() == [DEFAULT_POLICY]


@pytest.mark.parametrize("name", ["", "Fast", "a_b", "é", "x" * 65, "a/b"])
def test_what_is_no_policy_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        set_policy(named(name, PolicyPart(1)))
    with pytest.raises(PolicyNotFound):
        delete_policy(name)


def test_a_policy_may_select_on_what_a_cluster_has_of_itself() -> None:
    assert set_policy(named("here", PolicyPart(1, must={"cluster": "s3", "location": "here"})))


def test_a_policy_that_nobody_names_is_deleted() -> None:
    set_policy(PAIR)
    containers.create("ada", "photos", storage_policy="default")
    delete_policy("pair")
    assert list_policies() == [DEFAULT_POLICY]
    with pytest.raises(PolicyNotFound):
        delete_policy("pair")


def test_a_policy_that_a_container_of_any_account_names_stays() -> None:
    set_policy(PAIR)
    for number in range(30):
        containers.create(f"user-{number}", "photos", storage_policy="default")
    containers.create("zoe", "photos", storage_policy="pair")
    with pytest.raises(PolicyInUse):
        delete_policy("pair")
    assert PAIR in list_policies()
    containers.delete("zoe", "photos")
    delete_policy("pair")


def test_the_built_in_default_cannot_be_deleted_and_comes_back_after_an_operators() -> None:
    with pytest.raises(PolicyNotFound):
        delete_policy("default")
    assert not set_policy(named("default", PolicyPart(2)))
    containers.create("ada", "photos", storage_policy="default")
    delete_policy("default")
    assert list_policies() == [DEFAULT_POLICY]


def test_the_built_in_default_does_not_come_back_where_it_could_not_be_met() -> None:
    set_policy(named("default", PolicyPart(2)))
    for name in ("ceph", "swift"):
        clusters.change_cluster(name, {"weight": 0})
    with pytest.raises(PolicyUnmet):
        delete_policy("default")
    assert list_policies() == [named("default", PolicyPart(2))]


def test_the_list_is_read_anew(network: Network) -> None:
    list_policies()
    with network.record() as calls:
        list_policies()
    assert [call.name for call in calls] == ["dynamodb:Scan"]
