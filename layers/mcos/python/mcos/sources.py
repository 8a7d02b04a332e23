"""Where a version's bytes can be had from, as it travels in an execution's input.

``{"inline": base64}``, the bytes themselves; or ``{"staging_bucket", "staging_key"}``, where they
are staged, and ``{"version"}``, whose stored replicas have them: either or both. No secret and no
signed URL is among them: whoever reads does so with its own rights.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from io import BytesIO
from typing import Any, BinaryIO

from mcos import staging
from mcos.catalog.registry import all_clusters
from mcos.model import Version
from mcos.reading import NoReplicaReadable, read_version
from mcos.settings import settings

Source = Mapping[str, Any]


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
    if version.staged_at is not None and not version.complete:
        source |= _staged(version.id, version.staged_at)
    if version.stored:
        source["version"] = version.as_json()
    if not source:
        raise SourceMissing("no replica is stored, and the content is not staged")
    return source


def _staged(version_id: str, cluster: str) -> dict[str, str]:
    if cluster == settings().cluster:
        bucket = settings().staging_bucket
    elif known := all_clusters().get(cluster):
        bucket = known.staging_bucket
    else:
        return {}
    return {"staging_bucket": bucket, "staging_key": staging.key_of(version_id)}


def open_source(account: str, source: Source) -> BinaryIO:
    """The bytes as a stream, from their beginning.

    Raises
    ------
    SourceMissing
    """
    if "inline" in source:
        return BytesIO(b64decode(source["inline"]))
    if "staging_bucket" in source:
        content = staging.open_content(source["staging_bucket"], source["staging_key"])
        if content is not None:
            return content
    if "version" not in source:
        raise SourceMissing("the staged content is not there")
    version = Version.from_json(source["version"])
    try:
        # This cluster's own replica is what the reader wants to write.
        bytes_read, _ = read_version(
            account, version, 0, version.size - 1, but=[settings().cluster]
        )
    except NoReplicaReadable as error:
        raise SourceMissing(str(error)) from error
    return BytesIO(bytes_read)
