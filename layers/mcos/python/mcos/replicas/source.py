"""The source of a version's bytes, as part of an execution's input.

It is ``{"inline": base64}``, the bytes themselves; or it has the place in staging
(``staging_bucket``, ``staging_key``, ``staging_version``, ``staging_etag``, ``staging_region``), or
the ``version`` whose stored replicas can be read, or both. Of a version that is copied from another
one it has the other one, ``borrowed``. It contains no secrets and no signed
URLs: the reader uses its own permissions.
"""

from base64 import b64decode, b64encode
from io import BytesIO
from typing import BinaryIO

from mcos import limits, staging
from mcos.model.messages import Source
from mcos.model.versions import Staged, Version
from mcos.replicas import sign
from mcos.replicas.read import STAGING_ERRORS, NoReplicaReadable, read_version
from mcos.settings import settings
from mcos.staging import Bucket

READ_ERRORS = STAGING_ERRORS
"""Raised, beside ``SourceMissing``, by opening or reading a source; a later try may succeed."""


class SourceMissing(Exception):
    """The bytes are missing, or cannot be read now."""


def inline(content: bytes) -> Source:
    """Return a source that contains the bytes."""
    return {"inline": b64encode(content).decode("ascii")}


def source_of(version: Version) -> Source:
    """Return the source of a version: staging until it is complete, and its stored replicas, or
    those of its lender.

    If there is no other, the copies that were found damaged are tried.

    Raises
    ------
    SourceMissing
        It has neither: only its caller had the bytes.
    """
    source: Source = {}
    if version.staged is not None and not version.is_complete:
        source = _in_staging(version.staged)
    if (lender := version.stand_in) is not None:
        return {**source, "version": lender.as_json(), "borrowed": True}
    if version.stored or version.doubted():
        source["version"] = version.as_json()
    if not source:
        raise SourceMissing("no replica is stored, and the content is not staged")
    return source


def _in_staging(staged: Staged) -> Source:
    """Return the source in staging; empty if its cluster is not linked."""
    bucket = staging.bucket_of(staged.cluster)
    if bucket is None:
        return {}
    return {
        "staging_bucket": bucket.name,
        "staging_region": bucket.region,
        "staging_key": staged.key,
        "staging_version": staged.version,
        "staging_etag": staged.etag,
    }


def open_source(account: str, source: Source) -> BinaryIO:
    """Open all bytes as a stream.

    Raises
    ------
    SourceMissing, or one of READ_ERRORS
    """
    if "inline" in source:
        return BytesIO(b64decode(source["inline"]))
    return open_part(account, source)


def open_part(account: str, source: Source, first: int = 0, last: int | None = None) -> BinaryIO:
    """Open bytes ``first`` to ``last`` (inclusive, None: the end) of a source that is not inline.

    Raises
    ------
    SourceMissing, or one of READ_ERRORS
    """
    if "staging_bucket" in source:
        content = staging.open_content(
            Bucket(source["staging_bucket"], source.get("staging_region")),
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
    # This cluster's own replica is the one to be written, if it is not another version's.
    but = [] if source.get("borrowed") else [settings().cluster]
    try:
        if end - first + 1 > limits.CONTENT_BYTES:
            return sign.open_version(account, version, first, end, but=but)
        return BytesIO(read_version(account, version, first, end, but=but)[0])
    except NoReplicaReadable as error:
        raise SourceMissing(str(error)) from error
