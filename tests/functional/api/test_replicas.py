"""A CREATED object is on all three services, as their own clients see them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from swiftclient.client import Connection
from swiftclient.exceptions import ClientException

from mcos_client import Client
from tests.functional.api.conftest import CLUSTERS, Account
from tests.functional.api.waiting import wait_until


class Backend(Protocol):
    """A storage service, past MCOS."""

    def read(self, key: str) -> bytes | None:
        """The bytes under a key, None if there are none."""
        ...


@dataclass(frozen=True)
class BucketBackend:
    """A service with S3's API, read by boto3."""

    client: Any
    bucket: str

    def read(self, key: str) -> bytes | None:
        try:
            content: bytes = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise
        return content


@dataclass(frozen=True)
class SwiftBackend:
    """Swift, read by python-swiftclient."""

    connection: Connection
    container: str

    def read(self, key: str) -> bytes | None:
        try:
            content: bytes = self.connection.get_object(self.container, key)[1]
        except ClientException as error:
            if error.http_status == 404:
                return None
            raise
        return content


def _backend(settings: dict[str, str]) -> Backend:
    if "auth_url" in settings:
        connection = Connection(
            authurl=settings["auth_url"],
            user=settings["user"],
            key=settings["key"],
            auth_version="1",
            retries=1,
            timeout=30,
        )
        return SwiftBackend(connection, settings["container"])
    client = boto3.client(
        "s3",
        endpoint_url=settings["endpoint_url"],
        region_name=settings["region"],
        aws_access_key_id=settings["access_key"],
        aws_secret_access_key=settings["secret_key"],
        config=Config(
            signature_version="s3v4",
            connect_timeout=5,
            read_timeout=30,
            s3={"addressing_style": "path"},
        ),
    )
    return BucketBackend(client, settings["bucket"])


@pytest.fixture(scope="module")
def backends(description: dict[str, Any]) -> Iterator[dict[str, Backend]]:
    """Each cluster's storage service."""
    backends = {name: _backend(one) for name, one in description["backends"].items()}
    yield backends
    for backend in backends.values():
        if isinstance(backend, SwiftBackend):
            backend.connection.close()


def found(backends: dict[str, Backend], key: str) -> dict[str, bytes | None]:
    """What every service has under a key."""
    return {name: backend.read(key) for name, backend in backends.items()}


def everywhere(content: bytes | None) -> dict[str, bytes | None]:
    """The same on every service."""
    return dict.fromkeys(CLUSTERS, content)


def no_replica_is_left(backends: dict[str, Backend], key: str) -> None:
    """Wait until no service has the key."""
    wait_until(
        lambda: found(backends, key) == everywhere(None), f"no service has {key!r}", seconds=60
    )


@pytest.mark.parametrize("size", [0, 1, 1000, 200_000, 4_500_000])
@pytest.mark.parametrize("prefer", ["wait=25", "respond-async"])
def test_a_created_object_is_on_all_services_byte_for_byte(
    account: Account,
    client: Client,
    container: str,
    backends: dict[str, Backend],
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
    account: Account, client: Client, container: str, backends: dict[str, Backend], cluster: str
) -> None:
    old = client.create_object(container, "o", b"old", prefer="wait=25")
    with account.client(cluster) as updater:
        new = updater.update_object(container, "o", b"new", prefer="wait=25")
    assert found(backends, f"{account.user_name}/{new.version}") == everywhere(b"new")
    no_replica_is_left(backends, f"{account.user_name}/{old.version}")
    assert found(backends, f"{account.user_name}/{new.version}") == everywhere(b"new")


@pytest.mark.parametrize("prefer", ["wait=25", "respond-async"])
def test_a_deleted_object_leaves_no_replica(
    account: Account, client: Client, container: str, backends: dict[str, Backend], prefer: str
) -> None:
    written = client.create_object(container, "o", b"content", prefer="wait=25")
    client.delete_object(container, "o", prefer=prefer)
    assert client.wait_until_settled(container, "o") is None
    no_replica_is_left(backends, f"{account.user_name}/{written.version}")


def test_an_object_deleted_while_it_is_written_leaves_no_replica(
    account: Account, client: Client, container: str, backends: dict[str, Backend]
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
    account: Account, client: Client, container: str, backends: dict[str, Backend]
) -> None:
    written = client.create_object(container, "o", b"content", prefer="wait=25")
    with pytest.raises(Exception, match="exists"):
        client.create_object(container, "o", b"other", prefer="wait=25")
    assert found(backends, f"{account.user_name}/{written.version}") == everywhere(b"content")
