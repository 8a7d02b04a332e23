"""Where a version's bytes can be had from, as it travels in an execution's input.

``{"inline": base64}``, the bytes themselves; or ``{"staging_bucket", "staging_key",
"staging_version", "staging_etag"}``, where they are staged, and ``{"version"}``, whose stored
replicas have them: either or both. No secret and no signed URL is among them: whoever reads does so
with its own rights.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from io import BytesIO
from typing import Any, BinaryIO

from urllib3.exceptions import HTTPError

from mcos import limits, staging
from mcos.aws import AWS_ERRORS
from mcos.model.objects import Staged, Version
from mcos.replicas import sign
from mcos.replicas.read import NoReplicaReadable, read_version
from mcos.settings import settings

Source = Mapping[str, Any]

READ_ERRORS = (*AWS_ERRORS, HTTPError)
"""What opening or reading a source may raise beside ``SourceMissing``: it may be tried again."""


class SourceMissing(Exception):
    """The bytes are not where they should be, or cannot be read now."""


def inline(content: bytes) -> Source:
    """The bytes themselves."""
    return {"inline": b64encode(content).decode("ascii")}


def source_of(version: Version) -> Source:
    """Where the bytes of a version are: staging until it is complete, and the replicas stored.

    Raises
    ------
    SourceMissing
        It has neither: its only bytes were those that its caller sent.
    """
    source: dict[str, Any] = {}
    if version.staged is not None and not version.complete:
        source |= _in_staging(version.staged)
    if version.stored:
        source["version"] = version.as_json()
    if not source:
        raise SourceMissing("no replica is stored, and the content is not staged")
    return source


def _in_staging(staged: Staged) -> dict[str, str | None]:
    bucket = staging.bucket_of(staged.cluster)
    if bucket is None:
        return {}
    return {
        "staging_bucket": bucket,
        "staging_key": staged.key,
        "staging_version": staged.version,
        "staging_etag": staged.etag,
    }


def open_source(account: str, source: Source) -> BinaryIO:
    """All the bytes as a stream.

    Raises
    ------
    SourceMissing
    """
    if "inline" in source:
        return BytesIO(b64decode(source["inline"]))
    return open_part(account, source)


def open_part(account: str, source: Source, first: int = 0, last: int | None = None) -> BinaryIO:
    """Bytes ``first`` to ``last`` (inclusive, None: the end) of what is not inline, as a stream.

    Raises
    ------
    SourceMissing
    """
    if "staging_bucket" in source:
        content = staging.open_content(
            source["staging_bucket"],
            source["staging_key"],
            source["staging_version"],
            source["staging_etag"],
            first=first,
            last=last,
        )
        if content is not None:
            return content
    if "version" not in source:
        raise SourceMissing("the staged content is not there")
    version = Version.from_json(source["version"])
    end = version.size - 1 if last is None else last
    # This cluster's own replica is what the reader wants to write.
    but = [settings().cluster]
    try:
        if end - first + 1 > limits.CONTENT_BYTES:
            return sign.open_version(account, version, first, end, but=but)
        return BytesIO(read_version(account, version, first, end, but=but)[0])
    except NoReplicaReadable as error:
        raise SourceMissing(str(error)) from error
