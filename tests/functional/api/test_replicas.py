"""A CREATED object is on all three services, as their own clients see them."""

import os

import pytest

from mcos_client import Client
from tests.functional.api.conftest import CLUSTERS, Account
from tests.support.services import StorageService
from tests.support.waiting import wait_until


@pytest.fixture
def backends(services: dict[str, StorageService]) -> dict[str, StorageService]:
    """The services of the three clusters."""
    return {name: services[name] for name in CLUSTERS}


def found(backends: dict[str, StorageService], key: str) -> dict[str, bytes | None]:
    """What every service has under a key."""
    return {name: backend.read(key) for name, backend in backends.items()}


def everywhere(content: bytes | None) -> dict[str, bytes | None]:
    """The same on every service."""
    return dict.fromkeys(CLUSTERS, content)


def no_replica_is_left(backends: dict[str, StorageService], key: str) -> None:
    """Wait until no service has the key."""
    wait_until(lambda: found(backends, key) == everywhere(None), f"no service has {key!r}")


@pytest.mark.parametrize("size", [0, 1, 1000, 200_000, 4_500_000])
@pytest.mark.parametrize("prefer", ["wait=25", "respond-async"])
def test_a_created_object_is_on_all_services_byte_for_byte(
    account: Account,
    client: Client,
    container: str,
    backends: dict[str, StorageService],
    size: int,
    prefer: str,
) -> None:
    content = os.urandom(size)
    written = client.create_object(container, "o", content, prefer=prefer)
    stat = client.wait_until_settled(container, "o")
    assert stat is not None
    assert stat.state == "CREATED"
    key = f"{account.user_name}/{written.version}"
    assert found(backends, key) == everywhere(content)
    assert {one.backend for one in stat.replicas} == set(CLUSTERS)


def test_an_update_writes_beside_the_old_version_and_removes_it_afterwards(
    account: Account,
    client: Client,
    container: str,
    backends: dict[str, StorageService],
    cluster: str,
) -> None:
    old = client.create_object(container, "o", b"old", prefer="wait=25")
    with account.client(cluster) as updater:
        new = updater.update_object(container, "o", b"new", prefer="wait=25")
    assert found(backends, f"{account.user_name}/{new.version}") == everywhere(b"new")
    no_replica_is_left(backends, f"{account.user_name}/{old.version}")
    assert found(backends, f"{account.user_name}/{new.version}") == everywhere(b"new")


@pytest.mark.parametrize("prefer", ["wait=25", "respond-async"])
def test_a_deleted_object_leaves_no_replica(
    account: Account,
    client: Client,
    container: str,
    backends: dict[str, StorageService],
    prefer: str,
) -> None:
    written = client.create_object(container, "o", b"content", prefer="wait=25")
    client.delete_object(container, "o", prefer=prefer)
    assert client.wait_until_settled(container, "o") is None
    no_replica_is_left(backends, f"{account.user_name}/{written.version}")


def test_an_object_deleted_while_it_is_written_leaves_no_replica(
    account: Account, client: Client, container: str, backends: dict[str, StorageService]
) -> None:
    written = [
        client.create_object(container, "o", os.urandom(1000), prefer="respond-async"),
        client.update_object(container, "o", os.urandom(200_000), prefer="respond-async"),
    ]
    client.delete_object(container, "o", prefer="wait=25")
    assert client.wait_until_settled(container, "o") is None
    for one in written:
        no_replica_is_left(backends, f"{account.user_name}/{one.version}")


def test_a_refused_create_leaves_no_replica_and_the_other_object_alone(
    account: Account, client: Client, container: str, backends: dict[str, StorageService]
) -> None:
    written = client.create_object(container, "o", b"content", prefer="wait=25")
    with pytest.raises(Exception, match="exists"):
        client.create_object(container, "o", b"other", prefer="wait=25")
    assert found(backends, f"{account.user_name}/{written.version}") == everywhere(b"content")
