"""Staging: the bucket of a cluster that holds a content until its replicas are written.

Three kinds of keys: ``versions/<version>``, what came with a call; ``uploads/<account>/<upload>``,
what was sent to signed URLs; and what other systems put there, ``incoming/<account>/<container>/
<object>``, which becomes that object, and ``inbound/...``, which messages speak of.

The bucket keeps versions, S3's own, so that what was taken stays what it was when others put
something else under the same key; removing one removes nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from botocore.exceptions import ClientError

from mcos.aws import client
from mcos.catalog.registry import all_clusters
from mcos.model.objects import Staged
from mcos.settings import settings

INCOMING = "incoming/"
INBOUND = "inbound/"
UPLOADS = "uploads/"

# A content of the largest size a call carries, at one megabyte a second.
READ_SECONDS = 5


@dataclass(frozen=True)
class Found:
    """What staging has under a key, or had: S3's ``version`` of it; metadata as users gave it."""

    size: int
    version: str | None
    etag: str
    content_type: str
    metadata: Mapping[str, str]

    def staged(self, key: str, *, cluster: str | None = None) -> Staged:
        """Where it is: in the bucket of a cluster, of this one if none is named."""
        return Staged(cluster or settings().cluster, key, self.version, self.etag)


def bucket_of(cluster: str) -> str | None:
    """The staging bucket of a cluster; None if it is not linked."""
    if cluster == settings().cluster:
        return settings().staging_bucket
    known = all_clusters().get(cluster)
    return known.staging_bucket if known else None


def version_key(version_id: str) -> str:
    """Key of the content of a version that comes with a call."""
    return f"versions/{version_id}"


def upload_key(account: str, upload_id: str) -> str:
    """Key of what is sent to an upload's signed URLs."""
    return f"{UPLOADS}{account}/{upload_id}"


def put(key: str, content: bytes) -> Staged:
    """Stage a content in this cluster's bucket, under a key of its own; durable on return."""
    try:
        # Once: a put whose reply was lost is made again, and must not leave a version behind.
        reply = client("s3", read_seconds=READ_SECONDS).put_object(
            Bucket=settings().staging_bucket, Key=key, Body=content, IfNoneMatch="*"
        )
    except ClientError as error:
        found = find(key) if error.response["Error"]["Code"] == "PreconditionFailed" else None
        if found is None:
            raise
        return found.staged(key)
    return Staged(settings().cluster, key, reply.get("VersionId"), reply["ETag"])


def find(key: str, version: str | None = None, *, bucket: str | None = None) -> Found | None:
    """What a bucket has under a key, or had as a version: one network call.

    It is this cluster's own if none is named.
    """
    try:
        reply = client("s3").head_object(
            **_named(bucket or settings().staging_bucket, key, version)
        )
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return None
        raise
    return Found(
        size=reply["ContentLength"],
        version=reply.get("VersionId"),
        etag=reply["ETag"],
        content_type=reply.get("ContentType", ""),
        metadata=reply.get("Metadata", {}),
    )


def open_content(
    bucket: str,
    key: str,
    version: str | None,
    etag: str | None,
    *,
    first: int = 0,
    last: int | None = None,
) -> BinaryIO | None:
    """Bytes ``first`` to ``last`` (inclusive) of a staged content as a stream, None if it is gone.

    Any linked cluster may read it.
    """
    part = {"Bucket": bucket, "Key": key}
    if first or last is not None:
        part["Range"] = f"bytes={first}-{'' if last is None else last}"
    # What is there now is what was staged, but for a key that others write to. Not by the version
    # at once, as emulators ignore the range of one.
    content = _get({**part, "IfMatch": etag} if etag else part)
    if content is None and version is not None:
        content = _get({**part, "VersionId": version})
    return content


def _get(parameters: dict[str, str]) -> BinaryIO | None:
    try:
        reply = client("s3", read_seconds=READ_SECONDS).get_object(**parameters)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchVersion", "PreconditionFailed"):
            return None
        raise
    return cast(BinaryIO, reply["Body"])


def delete(key: str, version: str | None, *, bucket: str | None = None) -> None:
    """Forget a content of a bucket, this cluster's if none is named. Harmless to repeat."""
    client("s3").delete_object(**_named(bucket or settings().staging_bucket, key, version))


def _named(bucket: str, key: str, version: str | None) -> dict[str, Any]:
    named = {"Bucket": bucket, "Key": key}
    return named if version is None else {**named, "VersionId": version}
