"""Uploads into staging by signed URLs: one PUT, or the parts of a multipart upload.

A signed URL permits its holder to send that one content or part for a limited time. Content that is
sent in one PUT is written once; parts are joined only when MCOS completes the multipart upload.
``bucket`` is the staging bucket of the cluster where the upload was begun; any cluster may continue
it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from mcos import limits
from mcos.staging.bucket import Bucket

# S3 needs time to join thousands of parts.
_COMPLETE_SECONDS = 25


@dataclass(frozen=True)
class StagedPart:
    """A part in staging: its number, its size in bytes, and S3's ETag, the part's quoted MD5."""

    number: int
    size: int
    etag: str


@dataclass(frozen=True)
class SignedPut:
    """A URL to PUT to, and the headers to send with the request."""

    url: str
    headers: dict[str, str]


def begin(bucket: Bucket, key: str) -> str:
    """Begin a multipart upload and return its id."""
    reply = bucket.client().create_multipart_upload(Bucket=bucket.name, Key=key)
    return str(reply["UploadId"])


def sign_put(bucket: Bucket, key: str, size: int | None) -> SignedPut:
    """Sign a URL that accepts content once; if ``size`` is known, only of that size."""
    parameters: dict[str, Any] = {"IfNoneMatch": "*"}
    if size is not None:
        parameters["ContentLength"] = size
    return SignedPut(_sign("put_object", bucket, key, parameters), {"If-None-Match": "*"})


def sign_part(bucket: Bucket, key: str, multipart: str, number: int, size: int | None) -> str:
    """Sign a URL that accepts a part; if ``size`` is known, only of that size."""
    parameters: dict[str, Any] = {"UploadId": multipart, "PartNumber": number}
    if size is not None:
        parameters["ContentLength"] = size
    return _sign("upload_part", bucket, key, parameters)


def _sign(operation: str, bucket: Bucket, key: str, parameters: dict[str, Any]) -> str:
    url: str = bucket.client().generate_presigned_url(
        operation,
        Params={"Bucket": bucket.name, "Key": key, **parameters},
        ExpiresIn=limits.UPLOAD_URL_SECONDS,
    )
    return url


def parts(bucket: Bucket, key: str, multipart: str, *, after: int, limit: int) -> list[StagedPart]:
    """Return a page of the received parts, in order; empty if the multipart upload has ended."""
    try:
        reply = bucket.client().list_parts(
            Bucket=bucket.name,
            Key=key,
            UploadId=multipart,
            PartNumberMarker=after,
            MaxParts=limit,
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchUpload":
            return []
        raise
    return [
        StagedPart(one["PartNumber"], one["Size"], one["ETag"]) for one in reply.get("Parts", [])
    ]


def all_parts(bucket: Bucket, key: str, multipart: str) -> list[StagedPart]:
    """Return all received parts, in order."""
    found: list[StagedPart] = []
    while page := parts(
        bucket, key, multipart, after=found[-1].number if found else 0, limit=limits.LISTING_ENTRIES
    ):
        found += page
        if len(page) < limits.LISTING_ENTRIES:
            break
    return found


def complete(
    bucket: Bucket, key: str, multipart: str, received: Iterable[StagedPart]
) -> str | None:
    """Join the parts. Harmless to repeat.

    Returns
    -------
    S3's version id of the content; None if it was joined before.
    """
    joined = [{"PartNumber": part.number, "ETag": part.etag} for part in received]
    try:
        reply = bucket.client(read_seconds=_COMPLETE_SECONDS).complete_multipart_upload(
            Bucket=bucket.name,
            Key=key,
            UploadId=multipart,
            MultipartUpload={"Parts": joined},
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchUpload":
            raise
        return None
    version: str | None = reply.get("VersionId")
    return version


def abort(bucket: Bucket, key: str, multipart: str) -> None:
    """Remove a multipart upload and its parts. Harmless to repeat."""
    try:
        bucket.client().abort_multipart_upload(Bucket=bucket.name, Key=key, UploadId=multipart)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchUpload":
            raise
