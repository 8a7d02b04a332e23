"""Disposal of versions that no reader can see.

They stay in the record until the messages that remove them are in the queues, so a crash loses
none.
"""

from collections.abc import Iterable

from mcos import staging
from mcos.catalog import objects
from mcos.catalog.registry import all_clusters
from mcos.model import lifecycle
from mcos.model.objects import ObjectRecord, Version
from mcos.replicas import repair_queue
from mcos.settings import settings


def dispose(record: ObjectRecord | None) -> ObjectRecord | None:
    """Dispose of a record's obsolete versions, and of the record of a DELETING object.

    Returns
    -------
    The record as it is now; None: the object does not exist any more.
    """
    if record is None or not (record.obsolete or lifecycle.drop_obsolete(record) is None):
        return record
    discard(record.account, record.obsolete)
    paid = record.obsolete

    def settle(found: ObjectRecord | None) -> ObjectRecord | None:
        if found is None or any(version not in paid for version in found.obsolete):
            return found  # more became obsolete meanwhile; the call that added it disposes of it
        if not found.obsolete and lifecycle.drop_obsolete(found) is not None:
            return found
        return lifecycle.drop_obsolete(found)

    key = record.key
    return objects.change_guessed(key, settle, record)


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
