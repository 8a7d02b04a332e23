"""One object's replicas: look at them, or have them read in full and repaired."""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from mcos.catalog import objects
from mcos.catalog.registry import all_clusters
from mcos.errors import InvalidBody, InvalidName, ObjectNotFound
from mcos.model.clusters import ClusterState
from mcos.model.names import check_container_name, check_object_name, check_user_name
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.model.versions import Version
from mcos.replicas import repair_queue
from mcos.replicas.read import ReplicaUnreadable, check_replica


class ReplicaReport(NamedTuple):
    """What a replica is like.

    Attributes
    ----------
    state
        ``whole``, ``damaged``, ``unreachable``; ``writing`` or ``leaving``: it was not looked at.
    checked
        ``content``: all of it was read; ``tag``: only its size and tag; None: nothing.
    reason
        Why it is not whole.
    """

    cluster: str
    state: str
    checked: str | None = None
    reason: str | None = None


def verify_object(key: ObjectKey) -> tuple[str, list[ReplicaReport]]:
    """Look at every replica of an object's current version now, side by side.

    Returns
    -------
    The version's id, and a report for each cluster, by name.

    Raises
    ------
    InvalidBody, ObjectNotFound
    """
    _, version = _current(key)

    def report(cluster: str) -> ReplicaReport:
        replica = version.replicas[cluster]
        if not replica.stored or replica.leaving:
            return ReplicaReport(cluster, replica.progress)
        try:
            return ReplicaReport(cluster, "whole", check_replica(key.account, version, cluster))
        except ReplicaUnreadable as error:
            state = "damaged" if error.is_damaged else "unreachable"
            return ReplicaReport(cluster, state, reason=str(error))

    with ThreadPoolExecutor(max_workers=max(1, len(version.replicas))) as pool:
        return version.id, list(pool.map(report, sorted(version.replicas)))


def repair_object(key: ObjectKey) -> tuple[str, list[str]]:
    """Have each cluster read its replica of an object in full, and replace it if it is not whole.

    Returns
    -------
    The version's id, and the clusters that were told: those that are linked and not LOST.

    Raises
    ------
    InvalidBody, ObjectNotFound, BotoCoreError, ClientError
    """
    record, version = _current(key)
    told = []
    for name, replica in sorted(version.replicas.items()):
        cluster = all_clusters().get(name)
        if cluster is None or cluster.state is ClusterState.LOST or replica.leaving:
            continue
        make = repair_queue.verify_message if replica.stored else repair_queue.put_message
        repair_queue.send(cluster.repair_queue_url, make(record.key, version.id))
        told.append(name)
    return version.id, told


def _current(key: ObjectKey) -> tuple[ObjectRecord, Version]:
    try:
        check_user_name(key.account)
        check_container_name(key.container)
        check_object_name(key.name)
    except InvalidName as error:
        raise InvalidBody(str(error)) from None
    record = objects.get(key)
    if record is None or record.current is None:
        raise ObjectNotFound("There is no such object, or no reader sees it.")
    return record, record.current
