"""Reading a version's bytes, here or through the cluster that holds them, verified.

This cluster's own replica is read first, then the others by how long they usually take; what is
DOWN comes last. When one fails, the next is read at once; when the first is slow, the next is
asked beside it, and whoever answers well first is believed.
"""

import json
from base64 import b64decode
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from mcos import clock
from mcos.aws import AWS_ERRORS, client
from mcos.catalog.registry import all_clusters
from mcos.model.clusters import Cluster, ClusterState
from mcos.model.digests import digests_of
from mcos.model.objects import Version
from mcos.replicas.backend import own_backend, replica_key
from mcos.replicas.latency import Latencies
from mcos.settings import settings
from mcos.storage import ReplicaDigestMismatch, ReplicaNotFound, ReplicaStat, StorageError

# Longer than get_replica's own worst case with its backend, shorter than download_object's.
_REMOTE_SECONDS = 9

latencies = Latencies()
# Threads live as long as the function: a backend's connection may be kept per thread. Enough that
# readings which hang, while others have answered in their place, leave some for the next call.
_readers = ThreadPoolExecutor(max_workers=16, thread_name_prefix="reader")


class ReplicaUnreadable(Exception):
    """This replica cannot be read now; another one may do.

    Attributes
    ----------
    damaged
        Whether it is known to be gone, or not to be what was stored.
    """

    def __init__(self, message: str, *, damaged: bool = False) -> None:
        super().__init__(message)
        self.damaged = damaged


class NoReplicaReadable(Exception):
    """None of a version's replicas could be read; ``reasons`` says why."""

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
    """Bytes ``first`` to ``last`` (inclusive) of a version, from any replica that is stored.

    One network call when the first replica answers well and soon.

    Parameters
    ----------
    but
        Clusters that are not asked.

    Returns
    -------
    The bytes, and what went wrong with replicas that were tried before.

    Raises
    ------
    NoReplicaReadable
    """
    avoided = set(but)
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


def reading_order(stored: Iterable[str]) -> list[str]:
    """Clusters in the order in which their replicas are read."""
    clusters = all_clusters()
    own = settings().cluster

    def rank(name: str) -> tuple[bool, bool, float, str]:
        cluster = clusters.get(name)
        down = cluster is None or cluster.state is ClusterState.DOWN or not cluster.health.healthy
        return down, name != own, _usual_seconds(name, cluster), name

    return sorted(stored, key=rank)


def _usual_seconds(name: str, cluster: Cluster | None) -> float:
    """As this function has seen it, else as the cluster's own health check has."""
    seen = latencies.usual(name)
    if seen is not None:
        return seen
    probed = cluster.health.read_ms if cluster else None
    return probed / 1000 if probed is not None else float("inf")


def read_replica(account: str, version: Version, cluster: str, first: int, last: int) -> bytes:
    """Bytes ``first`` to ``last`` (inclusive) of a replica; one network call.

    Whole contents are verified by SHA-256 before they are returned; of a part, the replica's MD5
    as its service keeps it has to agree.

    Raises
    ------
    ReplicaUnreadable
    """
    started = clock.elapsed()
    read = read_own_replica if cluster == settings().cluster else _read_remote_replica
    content = read(account, version, cluster, first, last)
    if len(content) != last - first + 1:
        raise ReplicaUnreadable(
            f"{cluster}: {len(content)} bytes of {last - first + 1}", damaged=True
        )
    if len(content) == version.size and digests_of(content).sha256 != version.sha256:
        raise ReplicaUnreadable(f"{cluster}: the digest does not agree", damaged=True)
    latencies.add(cluster, clock.elapsed() - started)
    return content


def read_own_replica(account: str, version: Version, cluster: str, first: int, last: int) -> bytes:
    """As ``read_replica`` from this cluster's backend, before the whole is verified."""
    key = replica_key(account, version.id)
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
    """Refuse a replica of which its service says something else than when it was stored.

    Raises
    ------
    ReplicaUnreadable
    """
    if stat.md5 != version.tag(cluster) or stat.size != version.size:
        raise ReplicaUnreadable(f"{cluster}: the service has another digest", damaged=True)


def unreadable(cluster: str, error: StorageError) -> ReplicaUnreadable:
    """What a backend's failure means for a reader."""
    damaged = isinstance(error, ReplicaNotFound | ReplicaDigestMismatch)
    return ReplicaUnreadable(f"{cluster}: {error}", damaged=damaged)


def _read_remote_replica(
    account: str, version: Version, cluster: str, first: int, last: int
) -> bytes:
    answer = ask(
        cluster,
        {"account": account, "version": version.as_json(), "first": first, "last": last},
    )
    match answer:
        case {"content": str(content)}:
            return b64decode(content)
    raise ReplicaUnreadable(f"{cluster}: its function answered something else")


def ask(cluster: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Have another cluster's ``get_replica`` answer; one network call.

    Raises
    ------
    ReplicaUnreadable
        It cannot be asked, or has answered that it cannot be read.
    """
    if (target := all_clusters().get(cluster)) is None:
        raise ReplicaUnreadable(f"{cluster}: not in the registry")
    try:
        reply = client("lambda", read_seconds=_REMOTE_SECONDS, tries=1).invoke(
            FunctionName=target.get_replica, Payload=json.dumps(request)
        )
        answer = json.loads(reply["Payload"].read())
    except AWS_ERRORS as error:
        raise ReplicaUnreadable(f"{cluster}: {type(error).__name__}") from error
    if "FunctionError" in reply:
        raise ReplicaUnreadable(f"{cluster}: its function failed")
    match answer:
        case {"reason": str(reason), "damaged": bool(damaged)}:
            raise ReplicaUnreadable(f"{cluster}: {reason}", damaged=damaged)
        case dict():
            return answer
    raise ReplicaUnreadable(f"{cluster}: its function answered something else")
