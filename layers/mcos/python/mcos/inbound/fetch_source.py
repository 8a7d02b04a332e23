"""fetch_source: download a ``source_url`` into staging, within the operator's rules."""

from collections.abc import Mapping
from functools import lru_cache
from io import BytesIO
from typing import NamedTuple

from mcos import limits, staging
from mcos.inbound.fetch import Fetched, FetchRules, fetch
from mcos.settings import allowed_fetches
from mcos.staging import multipart

_PART_BYTES = 8 * 1024 * 1024


@lru_cache(maxsize=1)
def fetch_rules() -> FetchRules:
    """Return the operator's rules, from the environment."""
    value = allowed_fetches()
    return FetchRules(
        allowed_hosts=tuple(value.get("allowed_hosts", ())),
        max_bytes=value.get("max_bytes", limits.PART_BYTES),
        max_seconds=value.get("max_seconds", 60),
    )


class Source(NamedTuple):
    """What a source says of its content: its type, if it gives one, and the headers to be kept.

    ``version`` is S3's version id of what was staged; None if nothing was, or if it is not known.
    """

    content_type: str | None
    headers: Mapping[str, str]
    version: str | None = None


def fetch_source(url: str, key: str) -> Source:
    """Fetch content into this cluster's staging, in parts, with bounded memory.

    Parameters
    ----------
    key
        Key in staging; the content is staged as a whole, or not at all.

    Raises
    ------
    FetchRefused, FetchFailed
    """
    with fetch(url, fetch_rules()) as fetched:
        first = _part(fetched)
        if len(first) < _PART_BYTES:
            bucket = staging.own_bucket()
            s3 = bucket.client(read_seconds=staging.READ_SECONDS)
            version = s3.put_object(Bucket=bucket.name, Key=key, Body=first).get("VersionId")
        else:
            version = _stage_in_parts(key, first, fetched)
        return Source(fetched.content_type, fetched.headers, version)


def _part(fetched: Fetched) -> bytes:
    """Return the next part; shorter only at the end."""
    part = BytesIO()
    while left := _PART_BYTES - part.tell():
        piece = fetched.read(left)
        if not piece:
            break
        part.write(piece)
    return part.getvalue()


def _stage_in_parts(key: str, first: bytes, fetched: Fetched) -> str | None:
    bucket = staging.own_bucket()
    s3_upload = multipart.begin(bucket, key)
    try:
        part, number = first, 1
        while part:
            bucket.client(read_seconds=staging.READ_SECONDS).upload_part(
                Bucket=bucket.name,
                Key=key,
                UploadId=s3_upload,
                PartNumber=number,
                Body=part,
            )
            part, number = _part(fetched), number + 1
        parts = multipart.all_parts(bucket, key, s3_upload)
        return multipart.complete(bucket, key, s3_upload, parts)
    except BaseException:
        multipart.abort(bucket, key, s3_upload)
        raise
