"""The registry, as Terraform writes it and a warm function remembers it."""

import json
from typing import Any

import pytest
from botocore.session import get_session

from mcos import limits
from mcos.auth import revocation
from mcos.catalog import registry
from mcos.errors import UnknownStoragePolicy
from mcos.model.clusters import DEFAULT_POLICY, ClusterState, Health, PolicyPart, StoragePolicy
from tests.support.environment import PREFIX
from tests.support.network import Network

ROW: dict[str, Any] = {
    "entry_point": "https://ceph.test",
    "backend": "ceph",
    "provider": "own",
    "location": "cellar",
    "labels": {"disk": "fast", "é": ""},
    "weight": 1.5,
    "put_replica": "arn:put",
    "put_parts": "arn:parts",
    "get_replica": "arn:get",
    "repair_queue_url": "https://queue",
    "staging_bucket": "staging",
}


@pytest.fixture
def rows(network: Network) -> Any:
    """Writes rows, changed as told, as Terraform does."""
    registry.forget()
    dynamodb = get_session().create_client("dynamodb")

    def write(name: str = "ceph", **changed: Any) -> None:
        item = {
            "kind": {"S": "cluster"},
            "name": {"S": name},
            "document": {"S": json.dumps({**ROW, **changed})},
        }
        with network.outside():
            dynamodb.put_item(TableName=f"{PREFIX}-registry", Item=item)

    yield write
    registry.forget()


def test_a_row_is_read_as_terraform_writes_it(rows: Any) -> None:
    rows()
    rows("s3", labels={}, weight=0)
    found = registry.all_clusters()
    assert set(found) == {"ceph", "s3"}
    assert found["ceph"].labels == {"disk": "fast", "é": ""}
    assert found["ceph"].weight == 1.5
    assert found["ceph"].put_replica == "arn:put"
    assert found["ceph"].state is ClusterState.ACTIVE
    assert found["s3"].weight == 0


def test_the_health_check_decides_the_state_and_an_operator_stands_above_it(rows: Any) -> None:
    rows()
    registry.write_health("ceph", Health(healthy=False, reason="refused"))
    assert registry.all_clusters()["ceph"].state is ClusterState.DOWN
    registry.write(registry.OPERATOR, "ceph", {"state": "DRAINING", "weight": 7})
    found = registry.all_clusters()["ceph"]
    assert found.state is ClusterState.DRAINING
    assert (found.weight, found.labels) == (7, ROW["labels"])
    assert found.health.reason == "refused"
    registry.remove(registry.OPERATOR, "ceph")
    assert registry.all_clusters()["ceph"].weight == 1.5


def test_what_an_operator_wrote_outlives_the_next_deployment(rows: Any) -> None:
    rows()
    registry.write(registry.OPERATOR, "ceph", {"state": "DOWN"})
    rows(weight=3)
    registry.forget()
    found = registry.all_clusters()["ceph"]
    assert (found.state, found.weight) == (ClusterState.DOWN, 3)


@pytest.mark.parametrize("frozen", [False, True], ids=["running", "frozen"])
def test_a_warm_function_reads_it_once_and_again_when_it_is_old(
    rows: Any, network: Network, frozen: bool
) -> None:
    """However long its process was frozen meanwhile."""
    network.call_seconds = 0
    let_pass = network.clock.freeze if frozen else network.clock.advance
    rows()
    with network.record() as calls:
        assert registry.all_clusters()["ceph"].weight == 1.5
        rows(weight=2)
        let_pass(limits.REGISTRY_AGE_SECONDS)
        assert registry.all_clusters()["ceph"].weight == 1.5
        assert len(calls) == 1
        let_pass(0.1)
        assert registry.all_clusters()["ceph"].weight == 2
    assert [call.name for call in calls] == ["dynamodb:Scan"] * 2


def test_a_warm_function_whose_clock_was_set_back_reads_it_again(
    rows: Any, network: Network
) -> None:
    """It cannot tell how old its reading is."""
    rows()
    assert registry.all_clusters()["ceph"].weight == 1.5
    rows(weight=2)
    network.clock.freeze(-3600)
    assert registry.all_clusters()["ceph"].weight == 2


def test_a_policy_is_read_as_it_was_written(rows: Any) -> None:
    policy = StoragePolicy(
        "fast-and-backup",
        (PolicyPart(1, must={"speed": "fast"}), PolicyPart(2, should={"cost": "low"})),
        readable=1,
    )
    registry.write_policy(policy)
    assert registry.current_registry().policies == {
        "default": DEFAULT_POLICY,
        "fast-and-backup": policy,
    }


def test_a_policy_that_is_new_is_found_by_a_function_that_read_the_registry_before(
    rows: Any, network: Network
) -> None:
    with pytest.raises(UnknownStoragePolicy):
        registry.policy_named("new")
    item = {"name": "new", "parts": [{"replicas": 1, "must": {}, "should": {}}], "readable": 1}
    with network.outside():
        get_session().create_client("dynamodb").put_item(
            TableName=f"{PREFIX}-registry",
            Item={
                "kind": {"S": "policy"},
                "name": {"S": "new"},
                "document": {"S": json.dumps(item)},
            },
        )
    assert registry.policy_named("new").replicas == 1


def test_a_revocation_counts_for_as_long_as_a_token_and_is_removed_then(network: Network) -> None:
    revocation.revoke("ada")
    network.clock.advance(limits.TOKEN_SECONDS)
    assert set(registry.current_registry(fresh=True).revoked) == {"ada"}
    network.clock.advance(2)
    # Nobody has removed it yet, and nobody trusts it any more.
    assert registry.current_registry(fresh=True).revoked == {}
    revocation.revoke("eve")
    registry.tidy()
    assert registry.read(registry.REVOCATION, "ada") is None
    assert registry.read(registry.REVOCATION, "eve") is not None


def test_a_revocation_that_is_renewed_while_the_old_one_is_removed_stays(network: Network) -> None:
    revocation.revoke("ada")
    network.clock.advance(limits.TOKEN_SECONDS + 2)

    def before(name: str) -> None:
        if name == "dynamodb:DeleteItem":
            network.before = None
            revocation.revoke("ada")

    network.before = before
    registry.tidy()
    assert network.before is None
    assert set(registry.current_registry(fresh=True).revoked) == {"ada"}
