"""Reading and verifying a version's bytes, here or through the cluster that holds them.

This cluster's own replica is read first, then the others by their usual latency; DOWN clusters come
last. If a read fails, the next replica is read at once. If the first read is slow, the next replica
is read in parallel, and the first good answer wins.
"""

import json
import logging
from base64 import b64decode
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from typing import cast

from urllib3.exceptions import HTTPError

from mcos import clock, limits, staging
from mcos.aws import AWS_ERRORS, client, region_of, without_old_connections
from mcos.catalog.registry import all_clusters
from mcos.model.clusters import Cluster, ClusterState
from mcos.model.digests import digests_of
from mcos.model.messages import ReadInput, ReadResult
from mcos.model.versions import Version
from mcos.replicas.backend import key_of, own_backend
from mcos.replicas.latency import Latencies
from mcos.settings import settings
from mcos.storage import ReplicaDigestMismatch, ReplicaNotFound, ReplicaStat, StorageError

# Longer than get_replica takes at worst, shorter than the timeout of download_object.
_REMOTE_SECONDS = 9

_log = logging.getLogger(__name__)

STAGING_ERRORS = (*AWS_ERRORS, HTTPError)
"""Raised by opening or reading staged content; a later try may succeed."""

latencies = Latencies()
# Threads live as long as the function, because backends may keep a connection per thread. There are
# enough that reads which still hang leave some for the next call.
_readers = ThreadPoolExecutor(max_workers=16, thread_name_prefix="reader")


class ReplicaUnreadable(Exception):
    """This replica cannot be read now; another one may be readable.

    Attributes
    ----------
    is_damaged
        Whether it is known to be missing or changed.
    """

    def __init__(self, message: str, *, is_damaged: bool = False) -> None:
        super().__init__(message)
        self.is_damaged = is_damaged


class NoReplicaReadable(Exception):
    """None of a version's replicas could be read; ``failures`` has the reason for each cluster."""

    def __init__(self, failures: Mapping[str, ReplicaUnreadable]) -> None:
        super().__init__("; ".join(map(str, failures.values())) or "no replica is stored")
        self.failures = failures


def read_version(
    account: str,
    version: Version,
    first: int,
    last: int,
    *,
    but: Iterable[str] = (),
) -> tuple[bytes, dict[str, ReplicaUnreadable]]:
    """Read bytes ``first`` to ``last`` (inclusive) of a version, from any stored replica.

    It takes one network call if the first replica answers soon. If there is no other, the whole is
    read from a copy that was found damaged, and is verified as always.

    Parameters
    ----------
    but
        Clusters not to read from.

    Returns
    -------
    The bytes, and the failures of replicas that were tried before, by cluster.

    Raises
    ------
    NoReplicaReadable
    """
    try:
        return _read_stored(account, version, first, last, avoided=set(but))
    except NoReplicaReadable:
        doubted = version.doubted()
        if doubted is None or last - first + 1 < version.size:
            raise
        with suppress(NoReplicaReadable):
            return _read_stored(account, doubted, first, last, avoided=set())[0], {}
        raise


def _read_stored(
    account: str, version: Version, first: int, last: int, *, avoided: set[str]
) -> tuple[bytes, dict[str, ReplicaUnreadable]]:
    waiting = [one for one in reading_order(version.stored) if one not in avoided]
    failures: dict[str, ReplicaUnreadable] = {}
    running: dict[Future[bytes], str] = {}
    hedged = False

    def ask_next() -> None:
        if waiting:
            cluster = waiting.pop(0)
            future = _readers.submit(read_replica, account, version, cluster, first, last)
            running[future] = cluster

    ask_next()
    while running:
        slow = None
        if waiting and not hedged:
            slow = latencies.slow(next(iter(running.values())))
        clock.first_of(running, slow)
        done = [future for future in running if future.done()]
        if not done:
            hedged = True
            ask_next()
        for future in done:
            cluster = running.pop(future)
            try:
                return future.result(), failures
            except ReplicaUnreadable as error:
                failures[cluster] = error
                ask_next()
    raise NoReplicaReadable(failures)


def read_content(
    account: str, version: Version, first: int, last: int
) -> tuple[bytes, dict[str, ReplicaUnreadable]]:
    """Read bytes ``first`` to ``last`` of a version that readers see, as ``read_version`` does.

    Until enough replicas are stored, they come from staging, or from the replicas of the version
    that it is copied from: then the failures are of those. What one call can carry is read whole,
    so that a range of it is verified too.

    Raises
    ------
    NoReplicaReadable
    """
    if version.size <= limits.CONTENT_BYTES:
        whole, failures = _read(account, version, 0, version.size - 1)
        return whole[first : last + 1], failures
    return _read(account, version, first, last)


def _read(
    account: str, version: Version, first: int, last: int
) -> tuple[bytes, dict[str, ReplicaUnreadable]]:
    if not version.is_readable and (content := read_staged(version, first, last)) is not None:
        return content, {}
    return read_version(account, version.stand_in or version, first, last)


def read_staged(version: Version, first: int, last: int) -> bytes | None:
    """Read bytes ``first`` to ``last`` of a version from staging; the whole is verified.

    Returns
    -------
    None if it is not staged, not there any more, or cannot be read now.
    """
    staged = version.staged
    bucket = staging.bucket_of(staged.cluster) if staged else None
    if staged is None or bucket is None:
        return None
    whole = last - first + 1 == version.size
    span = {} if whole else {"first": first, "last": last}
    try:
        stream = staging.open_content(bucket, staged.key, staged.version, staged.etag, **span)
        if stream is None:
            return None
        with closing(stream):
            content = stream.read()
    except STAGING_ERRORS as error:
        _log.warning("staged content cannot be read: %s", type(error).__name__)
        return None
    if whole and digests_of(content).sha256 != version.sha256:
        return None
    return content if len(content) == last - first + 1 else None


def reading_order(stored: Iterable[str]) -> list[str]:
    """Return the clusters in the order in which to read their replicas, without LOST ones."""
    clusters = all_clusters()
    own = settings().cluster

    def rank(name: str) -> tuple[bool, bool, float, str]:
        cluster = clusters.get(name)
        down = cluster is None or cluster.state is ClusterState.DOWN or not cluster.health.healthy
        return down, name != own, _usual_seconds(name, cluster), name

    def is_lost(name: str) -> bool:
        cluster = clusters.get(name)
        return cluster is not None and cluster.state is ClusterState.LOST

    return sorted((name for name in stored if not is_lost(name)), key=rank)


def _usual_seconds(name: str, cluster: Cluster | None) -> float:
    """Return the latency that this function measured, else that of the cluster's health check."""
    seen = latencies.usual(name)
    if seen is not None:
        return seen
    probed = cluster.health.read_ms if cluster else None
    return probed / 1000 if probed is not None else float("inf")


def read_replica(account: str, version: Version, cluster: str, first: int, last: int) -> bytes:
    """Read bytes ``first`` to ``last`` (inclusive) of a replica: one network call.

    A whole replica is verified by SHA-256. For a range, the service's MD5 of the replica must
    agree.

    Raises
    ------
    ReplicaUnreadable
    """
    started = clock.elapsed()
    read = read_own_replica if cluster == settings().cluster else _read_remote_replica
    content = read(account, version, cluster, first, last)
    if len(content) != last - first + 1:
        raise ReplicaUnreadable(
            f"{cluster}: {len(content)} bytes of {last - first + 1}", is_damaged=True
        )
    if len(content) == version.size and digests_of(content).sha256 != version.sha256:
        raise ReplicaUnreadable(f"{cluster}: the digest does not agree", is_damaged=True)
    latencies.add(cluster, clock.elapsed() - started)
    return content


def check_replica(account: str, version: Version, cluster: str) -> str:
    """Have a cluster look at its replica, by its own function even if it is this cluster.

    Returns
    -------
    ``content`` if all of it was read, ``tag`` if it is too large for one call: then only its size
    and tag were compared.

    Raises
    ------
    ReplicaUnreadable
    """
    if version.size > limits.CONTENT_BYTES:
        ask(cluster, {"account": account, "version": version.as_json(), "sign": {"filename": None}})
        return "tag"
    content = _read_remote_replica(account, version, cluster, 0, version.size - 1)
    if digests_of(content).sha256 != version.sha256:
        raise ReplicaUnreadable(f"{cluster}: the digest does not agree", is_damaged=True)
    return "content"


def read_own_replica(account: str, version: Version, cluster: str, first: int, last: int) -> bytes:
    """Read from this cluster's backend as ``read_replica`` does, without the check by SHA-256.

    Raises
    ------
    ReplicaUnreadable
    """
    key = key_of(account, version, cluster)
    whole = last - first + 1 == version.size
    try:
        with own_backend().get(
            key, first=None if whole else first, last=None if whole else last
        ) as reader:
            check_tag(version, cluster, reader.stat)
            return reader.read()
    except StorageError as error:
        raise unreadable(cluster, error) from error
    except AWS_ERRORS as error:
        raise ReplicaUnreadable(f"{cluster}: secret: {type(error).__name__}") from error


def check_tag(version: Version, cluster: str, stat: ReplicaStat) -> None:
    """Refuse a replica whose size or tag on its service has changed since it was stored.

    Raises
    ------
    ReplicaUnreadable
    """
    if stat.md5 != version.tag(cluster) or stat.size != version.size:
        raise ReplicaUnreadable(f"{cluster}: the service has another digest", is_damaged=True)


def unreadable(cluster: str, error: StorageError) -> ReplicaUnreadable:
    """Turn a backend's failure into a ``ReplicaUnreadable``."""
    damaged = isinstance(error, ReplicaNotFound | ReplicaDigestMismatch)
    return ReplicaUnreadable(f"{cluster}: {error}", is_damaged=damaged)


def _read_remote_replica(
    account: str, version: Version, cluster: str, first: int, last: int
) -> bytes:
    answer = ask(
        cluster,
        {"account": account, "version": version.as_json(), "first": first, "last": last},
    )
    content = answer.get("content")
    if not isinstance(content, str):
        raise ReplicaUnreadable(f"{cluster}: its function gave a malformed answer")
    return b64decode(content)


def ask(cluster: str, request: ReadInput) -> ReadResult:
    """Invoke another cluster's ``get_replica``: one network call.

    Raises
    ------
    ReplicaUnreadable
        The function cannot be invoked, failed, or answered that the replica cannot be read.
    """
    if (target := all_clusters().get(cluster)) is None:
        raise ReplicaUnreadable(f"{cluster}: not in the registry")
    try:
        region = region_of(target.get_replica)
        functions = client("lambda", region=region, read_seconds=_REMOTE_SECONDS, tries=1)
        reply = without_old_connections(functions).invoke(
            FunctionName=target.get_replica, Payload=json.dumps(request)
        )
        answer = json.loads(reply["Payload"].read())
    except AWS_ERRORS as error:
        raise ReplicaUnreadable(f"{cluster}: {type(error).__name__}") from error
    if "FunctionError" in reply:
        raise ReplicaUnreadable(f"{cluster}: its function failed")
    match answer:
        case {"reason": str(reason), "damaged": bool(damaged)}:
            raise ReplicaUnreadable(f"{cluster}: {reason}", is_damaged=damaged)
        case dict():
            return cast(ReadResult, answer)
    raise ReplicaUnreadable(f"{cluster}: its function gave a malformed answer")
