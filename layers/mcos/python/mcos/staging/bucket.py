"""The staging bucket of a cluster, which holds content until its replicas are written.

Its keys are

- ``versions/<version>``: content that came with a call;
- ``uploads/<account>/<upload>``: content that was sent to signed URLs;
- ``incoming/<account>/<container>/<object>``: files that other systems put there, each of which
  becomes that object;
- ``inbound/...``: files that inbound messages name.

The bucket has S3's versioning: content that was taken stays unchanged if others put something else
under the same key, and removing one version removes nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, NamedTuple, cast

from botocore.exceptions import ClientError

from mcos import aws, limits
from mcos.aws import client, region_of
from mcos.catalog.registry import all_clusters
from mcos.model.clusters import ClusterState
from mcos.model.representation import sent
from mcos.model.versions import Staged
from mcos.settings import settings

INCOMING = "incoming/"
INBOUND = "inbound/"
VERSIONS = "versions/"
UPLOADS = "uploads/"

# Enough for the largest content that a call carries, at one megabyte per second.
READ_SECONDS = 5


@dataclass(frozen=True)
class StagedFile:
    """A file in a staging bucket.

    Attributes
    ----------
    size
        Bytes.
    version
        S3's version id; None if the bucket has no versioning.
    etag
        S3's ETag, in quotes.
    metadata
        S3's user metadata.
    headers
        Of the content; see ``mcos.model.representation``.
    """

    size: int
    version: str | None
    etag: str
    content_type: str
    metadata: Mapping[str, str]
    headers: Mapping[str, str]

    def as_staged(self, key: str, *, cluster: str | None = None) -> Staged:
        """Return where it is staged: in the bucket of ``cluster``; None: of this cluster."""
        return Staged(cluster or settings().cluster, key, self.version, self.etag)


class Bucket(NamedTuple):
    """A staging bucket.

    Attributes
    ----------
    region
        Where it is, which a client must know to speak to it and to sign its URLs; None: where the
        function is.
    """

    name: str
    region: str | None = None

    def client(self, *, read_seconds: float = aws.READ_SECONDS) -> Any:
        """Return a client of S3 in the bucket's region."""
        return client("s3", region=self.region, read_seconds=read_seconds)


def own_bucket() -> Bucket:
    """Return this cluster's staging bucket."""
    return Bucket(settings().staging_bucket, region_of(settings().state_machine_arn))


def bucket_of(cluster: str) -> Bucket | None:
    """Return a cluster's staging bucket; None if the cluster is LOST or not linked."""
    if cluster == settings().cluster:
        return own_bucket()
    known = all_clusters().get(cluster)
    if known is None or known.state is ClusterState.LOST:
        return None
    return Bucket(known.staging_bucket, known.region)


def version_key(version_id: str) -> str:
    """Return the key of content that comes with a call."""
    return f"{VERSIONS}{version_id}"


def upload_key(account: str, upload_id: str) -> str:
    """Return the key of content that is sent to an upload's signed URLs."""
    return f"{UPLOADS}{account}/{upload_id}"


def put(key: str, content: bytes) -> Staged:
    """Stage content in this cluster's bucket under a new key; it is durable on return.

    Raises
    ------
    BotoCoreError, ClientError
    """
    try:
        # A repeated put, after a lost reply, must not leave a second version behind.
        bucket = own_bucket()
        reply = bucket.client(read_seconds=READ_SECONDS).put_object(
            Bucket=bucket.name, Key=key, Body=content, IfNoneMatch="*"
        )
    except ClientError as error:
        found = find(key) if error.response["Error"]["Code"] == "PreconditionFailed" else None
        if found is None:
            raise
        return found.as_staged(key)
    return Staged(settings().cluster, key, reply.get("VersionId"), reply["ETag"])


def find(
    key: str, version: str | None = None, *, bucket: Bucket | None = None
) -> StagedFile | None:
    """Return the file under a key, or one version of it; None if missing: one network call.

    Parameters
    ----------
    version
        S3's version id; None: the current one.
    bucket
        None: this cluster's staging bucket.
    """
    bucket = bucket or own_bucket()
    try:
        reply = bucket.client().head_object(**_named(bucket, key, version))
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return None
        raise
    return StagedFile(
        size=reply["ContentLength"],
        version=reply.get("VersionId"),
        etag=reply["ETag"],
        content_type=reply.get("ContentType", ""),
        metadata=reply.get("Metadata", {}),
        headers=sent(reply["ResponseMetadata"]["HTTPHeaders"].get),
    )


def open_content(
    bucket: Bucket,
    key: str,
    version: str | None,
    etag: str | None,
    *,
    first: int = 0,
    last: int | None = None,
) -> BinaryIO | None:
    """Open bytes ``first`` to ``last`` (inclusive) of staged content; any linked cluster may.

    Returns
    -------
    A stream; None if the content is not there any more.
    """
    part = {"Bucket": bucket.name, "Key": key}
    if first or last is not None:
        part["Range"] = f"bytes={first}-{'' if last is None else last}"
    # The current file is the staged one, unless others have written to the key. It is tried before
    # the version, because emulators ignore the range when a version is named.
    content = _get(bucket, {**part, "IfMatch": etag} if etag else part)
    if content is None and version is not None:
        content = _get(bucket, {**part, "VersionId": version})
    return content


def _get(bucket: Bucket, parameters: dict[str, str]) -> BinaryIO | None:
    try:
        reply = bucket.client(read_seconds=READ_SECONDS).get_object(**parameters)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchVersion", "PreconditionFailed"):
            return None
        raise
    return cast(BinaryIO, reply["Body"])


def sign_get(bucket: Bucket, staged: Staged, *, content_type: str, disposition: str) -> str:
    """Return a URL that lets anyone read staged content for a limited time.

    Parameters
    ----------
    content_type, disposition
        ``Content-Type`` and ``Content-Disposition`` of the reply.
    """
    url: str = bucket.client().generate_presigned_url(
        "get_object",
        Params={
            **_named(bucket, staged.key, staged.version),
            "ResponseContentType": content_type,
            "ResponseContentDisposition": disposition,
        },
        ExpiresIn=limits.DOWNLOAD_URL_SECONDS,
    )
    return url


def delete(key: str, version: str | None, *, bucket: Bucket | None = None) -> None:
    """Remove staged content. Harmless to repeat.

    Parameters
    ----------
    version
        S3's version id; None: the current one.
    bucket
        None: this cluster's staging bucket.
    """
    bucket = bucket or own_bucket()
    bucket.client().delete_object(**_named(bucket, key, version))


@dataclass(frozen=True)
class ListedFile:
    """One version of a file in this cluster's staging bucket."""

    key: str
    version: str | None
    stored_at: datetime


def page(marker: str = "") -> tuple[list[ListedFile], str | None]:
    """Return a page of all versions of all files in this cluster's bucket: one network call.

    Parameters
    ----------
    marker
        Empty: the first page.

    Returns
    -------
    The files, and the marker of the next page (opaque); None if this is the last page.

    Raises
    ------
    BotoCoreError, ClientError
    """
    after: dict[str, str] = {}
    if marker:
        after["KeyMarker"], _, after["VersionIdMarker"] = marker.partition("\n")
    bucket = own_bucket()
    reply = bucket.client(read_seconds=READ_SECONDS).list_object_versions(
        Bucket=bucket.name, **after
    )
    files = [
        ListedFile(one["Key"], one.get("VersionId"), one["LastModified"])
        for one in reply.get("Versions", ())
    ]
    if not reply.get("IsTruncated"):
        return files, None
    return files, f"{reply['NextKeyMarker']}\n{reply['NextVersionIdMarker']}"


def _named(bucket: Bucket, key: str, version: str | None) -> dict[str, Any]:
    named = {"Bucket": bucket.name, "Key": key}
    return named if version is None else {**named, "VersionId": version}
