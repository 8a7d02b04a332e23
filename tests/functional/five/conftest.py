"""Five linked clusters: those of the other tests, and two that were added to them."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from mcos.model.clusters import Cluster, ClusterState
from mcos_client import Client
from tests.functional.conftest import Account
from tests.support.wire import Wire

FIVE = ("s3", "swift", "ceph", "swift-2", "s3-2")


@pytest.fixture(scope="session", autouse=True)
def five_are_linked(endpoints: dict[str, str]) -> None:
    """``make functional`` adds two clusters before it comes here."""
    if set(endpoints) != set(FIVE):
        pytest.fail(f"linked are {', '.join(sorted(endpoints))}: run make functional")


@pytest.fixture(scope="session")
def clients(account: Account) -> Iterator[dict[str, Client]]:
    """A client of ``account`` at every entry point."""
    clients = {name: account.client(name) for name in FIVE}
    yield clients
    for client in clients.values():
        client.close()


@pytest.fixture
def container(clients: dict[str, Client]) -> str:
    """A new, empty container of ``account``."""
    return clients["s3"].create_container(f"five-{uuid4().hex[:12]}").name


@pytest.fixture
def registry(admin: Wire) -> dict[str, Cluster]:
    """The clusters as an operator sees them."""
    listed = admin.send("GET", "/v1/admin/clusters").json()["clusters"]
    return {one["name"]: as_cluster(one) for one in listed}


def as_cluster(told: dict[str, Any]) -> Cluster:
    """A cluster as the resolver takes it, of what the API tells."""
    return Cluster(
        name=told["name"],
        entry_point=told["entry_point"],
        backend=told["backend"],
        provider=told["provider"],
        location=told["location"],
        labels=told["labels"],
        weight=told["weight"],
        put_replica="",
        put_parts="",
        get_replica="",
        repair_queue_url="",
        staging_bucket="",
        operator_state=ClusterState(told["state"]),
    )


@pytest.fixture
def policy(admin: Wire) -> str:
    """One fast replica and two at low cost; readable from the first one on."""
    name = f"fast-and-cheap-{uuid4().hex[:8]}"
    body = {
        "parts": [
            {"replicas": 1, "must": {"speed": "fast"}},
            {"replicas": 2, "must": {"cost": "low"}},
        ],
        "readable": 1,
    }
    assert admin.send_json("PUT", f"/v1/admin/policies/{name}", body).is_success
    return name
