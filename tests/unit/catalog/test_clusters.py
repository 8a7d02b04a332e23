"""The registry, as Terraform writes it and a warm function remembers it."""

from typing import Any

import pytest
from botocore.session import get_session

from mcos import limits
from mcos.catalog import clusters
from mcos.model import ClusterState
from tests.inprocess.environment import PREFIX
from tests.inprocess.network import Network

ROW: dict[str, Any] = {
    "cluster": {"S": "ceph"},
    "entry_point": {"S": "https://ceph.test"},
    "backend": {"S": "ceph"},
    "provider": {"S": "own"},
    "location": {"S": "cellar"},
    "labels": {"M": {"disk": {"S": "fast"}, "é": {"S": ""}}},
    "weight": {"N": "1.5"},
    "state": {"S": "ACTIVE"},
    "put_replica": {"S": "arn:put"},
    "get_replica": {"S": "arn:get"},
    "repair_queue_url": {"S": "https://queue"},
    "staging_bucket": {"S": "staging"},
}


@pytest.fixture
def rows(network: Network) -> Any:
    """Writes rows, changed as told, as Terraform does."""
    clusters.forget()
    dynamodb = get_session().create_client("dynamodb")

    def write(**changed: Any) -> None:
        with network.outside():
            dynamodb.put_item(TableName=f"{PREFIX}-clusters", Item={**ROW, **changed})

    yield write
    clusters.forget()


def test_a_row_is_read_as_terraform_writes_it(rows: Any) -> None:
    rows()
    rows(cluster={"S": "s3"}, state={"S": "DRAINING"}, labels={"M": {}}, weight={"N": "0"})
    found = clusters.all_clusters()
    assert set(found) == {"ceph", "s3"}
    assert found["ceph"].labels == {"disk": "fast", "é": ""}
    assert found["ceph"].weight == 1.5
    assert found["ceph"].put_replica == "arn:put"
    assert found["s3"].state is ClusterState.DRAINING
    assert found["s3"].weight == 0


def test_a_warm_function_reads_it_once_and_again_when_it_is_old(
    rows: Any, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows()
    now = 1000.0
    monkeypatch.setattr(clusters.time, "monotonic", lambda: now)
    with network.record() as calls:
        assert clusters.all_clusters()["ceph"].weight == 1.5
        rows(weight={"N": "2"})
        now += limits.REGISTRY_AGE_SECONDS
        assert clusters.all_clusters()["ceph"].weight == 1.5
        assert len(calls) == 1
        now += 0.1
        assert clusters.all_clusters()["ceph"].weight == 2
    assert [call.name for call in calls] == ["dynamodb:Scan"] * 2
