"""Staging: the bucket of a cluster that holds a content until its replicas are written."""

from typing import BinaryIO, cast

from botocore.exceptions import ClientError

from mcos.aws import client
from mcos.settings import settings

# A content of the largest size a call carries, at one megabyte a second.
_READ_SECONDS = 5


def key_of(version_id: str) -> str:
    """Key of a version's content in every staging bucket."""
    return f"versions/{version_id}"


def put(version_id: str, content: bytes) -> None:
    """Stage a content in this cluster's bucket; durable when it returns."""
    client("s3", read_seconds=_READ_SECONDS).put_object(
        Bucket=settings().staging_bucket, Key=key_of(version_id), Body=content
    )


def open_content(bucket: str, key: str) -> BinaryIO | None:
    """The staged content as a stream, None if it is not there. Any linked cluster may read it."""
    try:
        reply = client("s3", read_seconds=_READ_SECONDS).get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return None
        raise
    return cast(BinaryIO, reply["Body"])


def delete(version_id: str) -> None:
    """Forget a content staged in this cluster's bucket; nothing happens if it is not there."""
    client("s3").delete_object(Bucket=settings().staging_bucket, Key=key_of(version_id))
