"""Disposal of versions that no reader can see.

They stay in the record until the messages that remove them are in the queues, so a crash loses
none.
"""

import logging
from collections.abc import Iterable
from dataclasses import replace

from mcos import staging
from mcos.aws import AWS_ERRORS
from mcos.catalog import objects
from mcos.catalog.registry import all_clusters
from mcos.model import lifecycle
from mcos.model.objects import ObjectRecord, State, Version
from mcos.replicas import repair_queue
from mcos.settings import settings

_log = logging.getLogger(__name__)


def dispose(record: ObjectRecord | None) -> ObjectRecord | None:
    """Dispose of a record's obsolete versions, and of the record of a DELETING object.

    Removals whose queue cannot be reached stay in the record; they hold up no others.

    Returns
    -------
    The record as it is now; None: the object does not exist any more.
    """
    if record is None or not (record.obsolete or record.state is State.DELETING):
        return record
    disposed = [
        (version, _discard_reachable(record.account, version)) for version in record.obsolete
    ]

    def drop(found: ObjectRecord | None) -> ObjectRecord | None:
        return found and lifecycle.drop_obsolete(found, disposed)

    return objects.change_guessed(record.key, drop, record)


def _discard_reachable(account: str, version: Version) -> Version | None:
    """Have replicas and staged content of a version removed; return what could not be, if any."""
    replicas, staged = {}, version.staged
    for name, replica in version.replicas.items():
        try:
            discard_replica(account, version, name, late=not replica.stored)
        except AWS_ERRORS as error:
            _log.warning("no message of a removal at %s: %s", name, type(error).__name__)
            replicas[name] = replica
    try:
        unstage(version)
        staged = None
    except AWS_ERRORS as error:
        _log.warning("staged content was not removed: %s", type(error).__name__)
    return replace(version, replicas=replicas, staged=staged) if replicas or staged else None


def discard(account: str, versions: Iterable[Version]) -> None:
    """Have all replicas and the staged content of versions removed. Harmless to repeat."""
    for version in versions:
        for name, replica in version.replicas.items():
            discard_replica(account, version, name, late=not replica.stored)
        unstage(version)


def discard_replica(account: str, version: Version, cluster: str, *, late: bool = False) -> None:
    """Have a replica removed. A cluster that is not linked any more keeps its replicas.

    Parameters
    ----------
    late
        Whether its write may still be running; then the removal is delayed.
    """
    if linked := all_clusters().get(cluster):
        in_parts = version.part_size > 0
        message = repair_queue.remove_message(account, version.id, in_parts=in_parts)
        delay = repair_queue.late_seconds(in_parts=in_parts) if late else 0
        repair_queue.send(linked.repair_queue_url, message, delay_seconds=delay)


def unstage(version: Version) -> None:
    """Remove the staged content of a version, on any cluster. Harmless to repeat."""
    staged = version.staged
    if staged is None:
        return
    if staged.cluster == settings().cluster:
        staging.delete(staged.key, staged.version)
    elif cluster := all_clusters().get(staged.cluster):
        repair_queue.send(cluster.repair_queue_url, repair_queue.unstage_message(staged))
