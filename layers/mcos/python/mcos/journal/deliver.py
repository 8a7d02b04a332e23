"""Delivery of the journal's files to every backend, whose credentials only its cluster has."""

import json
import logging
from base64 import b64encode
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor

from mcos.aws import AWS_ERRORS, client, region_of, without_old_connections
from mcos.catalog import registry
from mcos.catalog.registry import all_clusters
from mcos.journal.files import ACCOUNT
from mcos.model.clusters import Cluster, ClusterState
from mcos.model.digests import digests_of
from mcos.model.messages import PutInput, PutResult
from mcos.replicas import repair_queue

_log = logging.getLogger(__name__)

_SIDE_BY_SIDE = 8

# Longer than put_replica takes.
_REPLY_SECONDS = 20


def receivers() -> list[Cluster]:
    """Return the clusters whose backends keep the journal."""
    return [one for one in all_clusters().values() if one.state is not ClusterState.LOST]


def deliver(cluster: Cluster, key: str, content: bytes) -> bool:
    """Have a cluster write a file now. Harmless to repeat.

    Returns
    -------
    Whether it is on the backend.
    """
    if not cluster.is_up:
        return False
    try:
        region = region_of(cluster.put_replica)
        functions = client("lambda", region=region, read_seconds=_REPLY_SECONDS, tries=1)
        reply = without_old_connections(functions).invoke(
            FunctionName=cluster.put_replica, Payload=json.dumps(_input(key, content))
        )
        result: PutResult = json.load(reply["Payload"])
    except AWS_ERRORS as error:
        _log.warning("no file at %s: %s", cluster.name, type(error).__name__)
        return False
    if not result.get("stored"):
        _log.warning("no file at %s: %s", cluster.name, result.get("reason", "no reason"))
    return bool(result.get("stored"))


def deliver_or_queue(
    clusters: Iterable[Cluster], key: str, content: bytes, *, slow: Collection[str] = ()
) -> set[str]:
    """Have clusters write a file; what cannot be written now waits in their repair queues.

    A cluster that can neither be asked nor be sent a message holds up no other: it has missed the
    file, and gets a new snapshot.

    Parameters
    ----------
    slow
        Names of clusters that are not asked to write it now.

    Returns
    -------
    Names of the clusters that did not write it now.

    Raises
    ------
    BotoCoreError, ClientError
        No cluster took it.
    """
    asked = list(clusters)

    def one(cluster: Cluster) -> bool:
        if cluster.name not in slow and deliver(cluster, key, content):
            return True
        message = repair_queue.file_message(key, content)
        repair_queue.send(cluster.repair_queue_url, message)
        return False

    late, failed = set(), {}
    with ThreadPoolExecutor(max_workers=_SIDE_BY_SIDE) as pool:
        for cluster, done in [(cluster, pool.submit(one, cluster)) for cluster in asked]:
            try:
                if not done.result():
                    late.add(cluster.name)
            except AWS_ERRORS as error:
                failed[cluster.name] = error
    if failed and len(failed) == len(asked):
        raise next(iter(failed.values()))
    for name, failure in failed.items():
        _log.error("%s misses a file: %s", name, type(failure).__name__)
        registry.note_missed(name)
    return late | failed.keys()


def _input(key: str, content: bytes) -> PutInput:
    """Return the input by which ``put_replica`` writes a file."""
    digests = digests_of(content)
    return {
        "replica": {
            "account": ACCOUNT,
            "version": key.removeprefix(f"{ACCOUNT}/"),
            "size": len(content),
            "digested": True,
            "md5": digests.md5,
            "sha256": digests.sha256,
            "part_size": 0,
            "parts_md5": "",
            "content_type": "application/octet-stream",
        },
        "content": {"inline": b64encode(content).decode("ascii")},
    }
