"""The storage services as their own clients see them, past MCOS."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from swiftclient.client import Connection
from swiftclient.exceptions import ClientException

from mcos.storage import Timeouts
from mcos.storage.keystone_session import KeystoneSession

PROBES = "~health/"
"""What the health check writes and deletes again; no replica."""

SEGMENTS = "~parts/"
"""Parts of replicas, on Swift."""


class StorageService(Protocol):
    """A storage service's bucket or container of replicas.

    A replica is named ``<account>/<version>``; its copies have keys that begin so.
    """

    def read(self, replica: str) -> bytes | None:
        """The bytes of a replica, of all copies together if there are several; None: of none."""
        ...

    def stream(self, replica: str) -> Iterator[bytes]:
        """The bytes of a replica's one copy, a piece at a time."""
        ...

    def write(self, replica: str, content: bytes) -> None:
        """Put other bytes in place of a replica's one copy, as somebody would who should not."""
        ...

    def delete(self, replica: str) -> None:
        """Take a replica's one copy away."""
        ...

    def empty(self) -> tuple[int, int]:
        """Take all away, whatever it is; how many copies and bytes of replicas that were."""
        ...

    def replicas(self) -> set[str]:
        """The names of all replicas."""
        ...

    def pieces(self, replica: str) -> list[str]:
        """What there is of a replica: its copies, and parts of copies, whether made or not."""
        ...

    def close(self) -> None:
        """Let the connections go."""
        ...


class Bucket:
    """A service with S3's API, by boto3."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._bucket = settings["bucket"]
        self._client: Any = boto3.client(
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

    def read(self, replica: str) -> bytes | None:
        try:
            copies = [
                self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
                for key in self._keys(replica)
            ]
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise
        return b"".join(copies) if copies else None

    def stream(self, replica: str) -> Iterator[bytes]:
        (key,) = self._keys(replica)
        body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"]
        yield from body.iter_chunks(1024**2)

    def write(self, replica: str, content: bytes) -> None:
        (key,) = self._keys(replica)
        self._client.put_object(Bucket=self._bucket, Key=key, Body=content)

    def delete(self, replica: str) -> None:
        (key,) = self._keys(replica)
        self._client.delete_object(Bucket=self._bucket, Key=key)

    def empty(self) -> tuple[int, int]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket)
        lost = {one["Key"]: one["Size"] for page in pages for one in page.get("Contents", ())}
        for key in lost:
            self._client.delete_object(Bucket=self._bucket, Key=key)
        return _of_replicas(lost)

    def replicas(self) -> set[str]:
        return {replica_of(key) for key in self._keys("") if not key.startswith(PROBES)}

    def _keys(self, prefix: str) -> list[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix
        )
        return [entry["Key"] for page in pages for entry in page.get("Contents", ())]

    def pieces(self, replica: str) -> list[str]:
        named = {"Bucket": self._bucket, "Prefix": replica}
        whole = self._client.list_objects_v2(**named).get("Contents", [])
        begun = self._client.list_multipart_uploads(**named).get("Uploads", [])
        return [one["Key"] for one in [*whole, *begun]]

    def close(self) -> None:
        self._client.close()


class SwiftContainer:
    """Swift, by python-swiftclient."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._container = settings["container"]
        login: dict[str, Any]
        if "key" in settings:
            login = {"authurl": settings["auth_url"], "auth_version": "1"}
            login |= {"user": settings["user"], "key": settings["key"]}
        else:  # swiftclient needs another package to log in at Keystone
            timeouts = Timeouts(connect_seconds=30, read_seconds=30)
            login = {
                "session": KeystoneSession(settings, timeouts=timeouts, verify=True, name="swift")
            }
        self._connection = Connection(**login, retries=1, timeout=30)

    def read(self, replica: str) -> bytes | None:
        try:
            copies = [
                self._connection.get_object(self._container, key)[1] for key in self._keys(replica)
            ]
        except ClientException as error:
            if error.http_status == 404:
                return None
            raise
        return b"".join(copies) if copies else None

    def stream(self, replica: str) -> Iterator[bytes]:
        (key,) = self._keys(replica)
        _, body = self._connection.get_object(self._container, key, resp_chunk_size=1024**2)
        yield from body

    def write(self, replica: str, content: bytes) -> None:
        (key,) = self._keys(replica)
        self._connection.put_object(self._container, key, content)

    def delete(self, replica: str) -> None:
        (key,) = self._keys(replica)
        self._connection.delete_object(self._container, key)

    def empty(self) -> tuple[int, int]:
        _, entries = self._connection.get_container(self._container, full_listing=True)
        lost = {one["name"]: one["bytes"] for one in entries}
        for key in lost:
            self._connection.delete_object(self._container, key)
        return _of_replicas(lost)

    def replicas(self) -> set[str]:
        keys = self._keys("")
        return {replica_of(key) for key in keys if not key.startswith((PROBES, SEGMENTS))}

    def _keys(self, prefix: str) -> list[str]:
        _, entries = self._connection.get_container(
            self._container, prefix=prefix, full_listing=True
        )
        return [entry["name"] for entry in entries]

    def pieces(self, replica: str) -> list[str]:
        return [*self._keys(replica), *self._keys(f"{SEGMENTS}{replica}/")]

    def close(self) -> None:
        self._connection.close()


def _of_replicas(sizes: Mapping[str, int]) -> tuple[int, int]:
    """How many copies of replicas there are, and their bytes; MCOS's own files begin with a ~."""
    copies = [size for key, size in sizes.items() if not key.startswith("~")]
    return len(copies), sum(copies)


def replica_of(key: str) -> str:
    """The name of the replica that the copy under a key is one of."""
    return "/".join(key.split("/")[:2])


def service_of(settings: Mapping[str, str]) -> StorageService:
    """The service that ``python -m clouds describe`` tells of."""
    return SwiftContainer(settings) if "auth_url" in settings else Bucket(settings)
