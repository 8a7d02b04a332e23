"""Sending into staging by signed URLs: one PUT, or the parts of a multipart upload.

Whoever has such a URL may send that one content, or part, for a while. A content sent as one is
written once; the parts of a multipart upload become one only by its completion, which is ours.
``bucket`` is the staging bucket of the cluster where the upload was begun: any other one may go on
with it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from mcos import limits
from mcos.aws import client

# Joining thousands of parts takes S3 a while.
_COMPLETE_SECONDS = 25


@dataclass(frozen=True)
class StagedPart:
    """A part that staging has; ``etag`` as S3 has it, in quotes: the part's MD5."""

    number: int
    size: int
    etag: str


@dataclass(frozen=True)
class SignedPut:
    """A URL to PUT to, and the headers that have to go with it."""

    url: str
    headers: dict[str, str]


def begin(bucket: str, key: str) -> str:
    """Begin a multipart upload; its id."""
    reply = client("s3").create_multipart_upload(Bucket=bucket, Key=key)
    return str(reply["UploadId"])


def sign_put(bucket: str, key: str, size: int | None) -> SignedPut:
    """A URL that takes a whole content, once; of that size, if it is known."""
    parameters: dict[str, Any] = {"IfNoneMatch": "*"}
    if size is not None:
        parameters["ContentLength"] = size
    return SignedPut(_sign("put_object", bucket, key, parameters), {"If-None-Match": "*"})


def sign_part(bucket: str, key: str, multipart: str, number: int, size: int | None) -> str:
    """A URL that takes a part; of that size, if it is known."""
    parameters: dict[str, Any] = {"UploadId": multipart, "PartNumber": number}
    if size is not None:
        parameters["ContentLength"] = size
    return _sign("upload_part", bucket, key, parameters)


def _sign(operation: str, bucket: str, key: str, parameters: dict[str, Any]) -> str:
    url: str = client("s3").generate_presigned_url(
        operation,
        Params={"Bucket": bucket, "Key": key, **parameters},
        ExpiresIn=limits.UPLOAD_URL_SECONDS,
    )
    return url


def parts(bucket: str, key: str, multipart: str, *, after: int, limit: int) -> list[StagedPart]:
    """A page of the parts that are there, in order; none if the multipart upload is no more."""
    try:
        reply = client("s3").list_parts(
            Bucket=bucket,
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


def all_parts(bucket: str, key: str, multipart: str) -> list[StagedPart]:
    """Every part that is there, in order."""
    found: list[StagedPart] = []
    while page := parts(
        bucket, key, multipart, after=found[-1].number if found else 0, limit=limits.LISTING_ENTRIES
    ):
        found += page
        if len(page) < limits.LISTING_ENTRIES:
            break
    return found


def complete(bucket: str, key: str, multipart: str, received: Iterable[StagedPart]) -> None:
    """Make one content of the parts. Nothing happens if that was done before."""
    joined = [{"PartNumber": part.number, "ETag": part.etag} for part in received]
    try:
        client("s3", read_seconds=_COMPLETE_SECONDS).complete_multipart_upload(
            Bucket=bucket,
            Key=key,
            UploadId=multipart,
            MultipartUpload={"Parts": joined},
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchUpload":
            raise


def abort(bucket: str, key: str, multipart: str) -> None:
    """Forget a multipart upload and its parts. Nothing happens if it is no more."""
    try:
        client("s3").abort_multipart_upload(Bucket=bucket, Key=key, UploadId=multipart)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchUpload":
            raise
