"""The storage services as their own clients see them, past MCOS."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from swiftclient.client import Connection
from swiftclient.exceptions import ClientException

PROBES = "~health/"
"""What the health check writes and deletes again; no replica."""

SEGMENTS = "~parts/"
"""Parts of replicas, on Swift."""


class StorageService(Protocol):
    """A storage service's bucket or container of replicas."""

    def read(self, key: str) -> bytes | None:
        """The bytes under a key, None if there are none."""
        ...

    def stream(self, key: str) -> Iterator[bytes]:
        """The bytes under a key, a piece at a time."""
        ...

    def write(self, key: str, content: bytes) -> None:
        """Put other bytes under a key, as somebody would who should not."""
        ...

    def delete(self, key: str) -> None:
        """Take the key away."""
        ...

    def keys(self) -> set[str]:
        """Every key of a replica."""
        ...

    def pieces(self, key: str) -> list[str]:
        """What there is of a key: the replica, and parts of it, whether it was made or not."""
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

    def read(self, key: str) -> bytes | None:
        try:
            content: bytes = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise
        return content

    def stream(self, key: str) -> Iterator[bytes]:
        body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"]
        yield from body.iter_chunks(1024**2)

    def write(self, key: str, content: bytes) -> None:
        self._client.put_object(Bucket=self._bucket, Key=key, Body=content)

    def delete(self, key: str) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=key)

    def keys(self) -> set[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket)
        found = {entry["Key"] for page in pages for entry in page.get("Contents", ())}
        return {key for key in found if not key.startswith(PROBES)}

    def pieces(self, key: str) -> list[str]:
        named = {"Bucket": self._bucket, "Prefix": key}
        whole = self._client.list_objects_v2(**named).get("Contents", [])
        begun = self._client.list_multipart_uploads(**named).get("Uploads", [])
        return [one["Key"] for one in [*whole, *begun]]

    def close(self) -> None:
        self._client.close()


class SwiftContainer:
    """Swift, by python-swiftclient."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._container = settings["container"]
        self._connection = Connection(
            authurl=settings["auth_url"],
            user=settings["user"],
            key=settings["key"],
            auth_version="1",
            retries=1,
            timeout=30,
        )

    def read(self, key: str) -> bytes | None:
        try:
            content: bytes = self._connection.get_object(self._container, key)[1]
        except ClientException as error:
            if error.http_status == 404:
                return None
            raise
        return content

    def stream(self, key: str) -> Iterator[bytes]:
        _, body = self._connection.get_object(self._container, key, resp_chunk_size=1024**2)
        yield from body

    def write(self, key: str, content: bytes) -> None:
        self._connection.put_object(self._container, key, content)

    def delete(self, key: str) -> None:
        self._connection.delete_object(self._container, key)

    def keys(self) -> set[str]:
        _, entries = self._connection.get_container(self._container, full_listing=True)
        return {
            entry["name"] for entry in entries if not entry["name"].startswith((PROBES, SEGMENTS))
        }

    def pieces(self, key: str) -> list[str]:
        listings = [
            self._connection.get_container(self._container, prefix=prefix, full_listing=True)[1]
            for prefix in (key, f"{SEGMENTS}{key}/")
        ]
        return [entry["name"] for listing in listings for entry in listing]

    def close(self) -> None:
        self._connection.close()


def service_of(settings: Mapping[str, str]) -> StorageService:
    """The service that ``python -m clouds describe`` tells of."""
    return SwiftContainer(settings) if "auth_url" in settings else Bucket(settings)
