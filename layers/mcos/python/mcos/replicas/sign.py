"""Signed URLs of replicas, for content that is too large to pass through a function.

The cluster that holds the replica checks it and signs the URL, which permits its holder to read
that one replica for a limited time.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import BinaryIO, cast

from urllib3 import PoolManager, Timeout
from urllib3.exceptions import HTTPError

from mcos import limits, staging
from mcos.aws import AWS_ERRORS
from mcos.model.messages import ReadInput
from mcos.model.versions import Version
from mcos.replicas.backend import key_of, own_backend
from mcos.replicas.read import (
    NoReplicaReadable,
    ReplicaUnreadable,
    ask,
    check_tag,
    reading_order,
    unreadable,
)
from mcos.settings import settings
from mcos.storage import StorageError
from mcos.storage.arguments import content_disposition

_log = logging.getLogger(__name__)

_TIMEOUT = Timeout(connect=1, read=5)

_pool = PoolManager(timeout=_TIMEOUT, retries=False)


@dataclass(frozen=True)
class SignedUrl:
    """A URL of a replica, and the failures of replicas that were tried before, by cluster."""

    url: str
    failures: Mapping[str, ReplicaUnreadable]


def sign_version(account: str, version: Version, *, filename: str) -> SignedUrl:
    """Sign a URL of the best replica of a version: one network call if that replica is good.

    Until enough replicas are stored, the URL is that of the staged content, or of a replica of the
    version that it is copied from: then the failures are of those.

    Parameters
    ----------
    filename
        File name under which browsers save it.

    Raises
    ------
    NoReplicaReadable
    """
    failures: dict[str, ReplicaUnreadable] = {}
    if not version.is_readable and (url := _sign_staged(version, filename)) is not None:
        return SignedUrl(url, failures)
    held = version.stand_in or version
    for cluster in reading_order(held.stored):
        try:
            return SignedUrl(_sign_replica(account, held, cluster, filename), failures)
        except ReplicaUnreadable as error:
            failures[cluster] = error
    raise NoReplicaReadable(failures)


def _sign_staged(version: Version, filename: str) -> str | None:
    """Sign a URL of staged content; None if it is not there any more, or cannot be read now."""
    staged = version.staged
    bucket = staging.bucket_of(staged.cluster) if staged else None
    if staged is None or bucket is None:
        return None
    try:
        if staging.find(staged.key, staged.version, bucket=bucket) is None:
            return None
        return staging.sign_get(
            bucket,
            staged,
            content_type=version.content_type,
            disposition=content_disposition(filename),
        )
    except AWS_ERRORS as error:
        _log.warning("staged content cannot be read: %s", type(error).__name__)
        return None


def open_version(
    account: str, version: Version, first: int, last: int, *, but: Iterable[str] = ()
) -> BinaryIO:
    """Open bytes ``first`` to ``last`` (inclusive) of a version as a stream, from any replica.

    If there is no other, it is a copy that was found damaged. The bytes are not verified here; the
    caller must do so. Reading the stream may raise urllib3's
    ``HTTPError``.

    Parameters
    ----------
    but
        Clusters not to read from.

    Raises
    ------
    NoReplicaReadable
    """
    avoided = set(but)
    copies = [(version, one) for one in reading_order(version.stored) if one not in avoided]
    if doubted := version.doubted():
        copies += [(doubted, one) for one in reading_order(doubted.stored)]
    failures: dict[str, ReplicaUnreadable] = {}
    for held, cluster in copies:
        try:
            return open_url(cluster, _sign_replica(account, held, cluster, None), first, last)
        except ReplicaUnreadable as error:
            failures[cluster] = error
    raise NoReplicaReadable(failures)


def open_url(cluster: str, url: str, first: int, last: int) -> BinaryIO:
    """Open bytes ``first`` to ``last`` (inclusive) behind a signed URL of a replica.

    Raises
    ------
    ReplicaUnreadable
    """
    asked = {"Range": f"bytes={first}-{last}"}
    try:
        reply = _pool.request("GET", url, headers=asked, preload_content=False, redirect=False)
    except HTTPError as error:
        raise ReplicaUnreadable(f"{cluster}: {type(error).__name__}") from error
    if reply.status != 206:
        reply.close()
        raise ReplicaUnreadable(f"{cluster}: a signed URL was answered {reply.status}")
    return cast(BinaryIO, reply)


def _sign_replica(account: str, version: Version, cluster: str, filename: str | None) -> str:
    if cluster == settings().cluster:
        return sign_own_replica(account, version, filename)
    request: ReadInput = {
        "account": account,
        "version": version.as_json(),
        "sign": {"filename": filename},
    }
    url = ask(cluster, request).get("url")
    if not isinstance(url, str):
        raise ReplicaUnreadable(f"{cluster}: its function gave a malformed answer")
    return url


def sign_own_replica(account: str, version: Version, filename: str | None) -> str:
    """Check this cluster's replica and sign a URL of it.

    Parameters
    ----------
    filename
        File name under which browsers save it; None: inline.

    Raises
    ------
    ReplicaUnreadable
    """
    cluster = settings().cluster
    key = key_of(account, version, cluster)
    try:
        check_tag(version, cluster, own_backend().stat(key))
        return own_backend().signed_url(
            key,
            expires_in=limits.DOWNLOAD_URL_SECONDS,
            content_type=version.content_type,
            filename=filename,
        )
    except StorageError as error:
        raise unreadable(cluster, error) from error
    except AWS_ERRORS as error:
        raise ReplicaUnreadable(f"{cluster}: secret: {type(error).__name__}") from error
