"""Disposal of what no reader sees: copies of dropped versions, and staged content.

An object's record owes each of them until the message that removes it is in a queue, so a crash
loses none. A version that users have deleted goes into a table of its own before, where it waits
for its removal (``mcos.catalog.deleted``).
"""

import logging

from mcos import staging
from mcos.aws import AWS_ERRORS
from mcos.catalog import deleted, objects, uploads
from mcos.catalog.registry import all_clusters
from mcos.errors import Conflict
from mcos.model import lifecycle
from mcos.model.clusters import Cluster, ClusterState
from mcos.model.objects import ObjectRecord, State
from mcos.model.versions import Removal, Staged, Version
from mcos.replicas import repair_queue
from mcos.settings import settings
from mcos.versions import loans

_log = logging.getLogger(__name__)


def dispose(record: ObjectRecord | None) -> ObjectRecord | None:
    """See to what a record owes, and to the record of a DELETING object.

    What a cluster that cannot be reached has to remove stays in the record; it holds up no others.
    So do copies that others borrow, until those have replicas of their own.

    Returns
    -------
    The record as it is now, or as it was given if others kept changing it; None: the object does
    not exist any more.
    """
    if record is None or not (record.owes or record.state is State.DELETING):
        return record
    silent: set[str] = set()
    taken = {(one.taken_from, one.version) for one in record.removals if one.taken_from}
    taken |= {(one.version.taken_from, one.version.id) for one in record.kept}
    for upload, version in sorted(one for one in taken if one[0]):
        uploads.confirm_taken(record.account, upload, version)
    restored = {(one.version, one.restored_from) for one in record.removals if one.restored_from}
    for version, deletion in sorted(restored):
        deleted.confirm_restored(record.key, version, deletion)
    for one in record.kept:
        deleted.keep(record.key, one, cluster=record.sweeper)
    awaited = {
        loan
        for loan in {loan for one in record.removals for loan in one.lent_to}
        if loans.is_awaited(record.account, loan)
    }
    removals = [
        one
        for one in record.removals
        if awaited.isdisjoint(one.lent_to) and _hand_over(record.account, one, silent)
    ]
    unstagings = [one for one in record.unstagings if _hand_over(record.account, one, silent)]

    def pay(found: ObjectRecord | None) -> ObjectRecord | None:
        return found and lifecycle.pay(found, removals, unstagings, record.kept)

    try:
        return objects.change_guessed(record.key, pay, record)
    except Conflict:
        return record  # what was paid is paid again later, which is harmless


def _hand_over(account: str, what: Removal | Staged, silent: set[str]) -> bool:
    """Have something removed by its cluster; False if the cluster is, or becomes, ``silent``."""
    if what.cluster in silent:
        return False  # a queue that hangs must cost the caller's time only once
    try:
        if isinstance(what, Removal):
            remove_copy(account, what)
        else:
            unstage_content(what)
    except AWS_ERRORS as error:
        _log.warning("nothing can be removed at %s: %s", what.cluster, type(error).__name__)
        silent.add(what.cluster)
        return False
    return True


def remove_copy(account: str, removal: Removal) -> None:
    """Have a copy removed. A cluster that is LOST or not linked any more keeps its copies.

    Raises
    ------
    BotoCoreError, ClientError
    """
    if linked := _reachable(removal.cluster):
        late = repair_queue.late_seconds(in_parts=removal.in_parts) if removal.late else 0
        message = repair_queue.remove_message(account, removal)
        repair_queue.send(linked.repair_queue_url, message, delay_seconds=late)


def unstage(version: Version) -> None:
    """Remove the staged content of a version, on any cluster. Harmless to repeat.

    Raises
    ------
    BotoCoreError, ClientError
    """
    if version.staged is not None:
        unstage_content(version.staged)


def unstage_content(staged: Staged) -> None:
    """Remove staged content, on any cluster. Harmless to repeat.

    Raises
    ------
    BotoCoreError, ClientError
    """
    if staged.cluster == settings().cluster:
        staging.delete(staged.key, staged.version)
    elif cluster := _reachable(staged.cluster):
        repair_queue.send(cluster.repair_queue_url, repair_queue.unstage_message(staged))


def _reachable(name: str) -> Cluster | None:
    """Return a cluster; None if nothing is owed to it because it is LOST or not linked."""
    cluster = all_clusters().get(name)
    return None if cluster is None or cluster.state is ClusterState.LOST else cluster
