"""Taking a deleted version back, and removing one that is due.

A version is taken back once, as an upload is (``mcos.catalog.uploads``): who accepts it reads the
object's record first, then claims the version, and writes the record only if it has not changed.
Whoever disposes of a version that was taken back marks it as RESTORED first. So who finds it in no
record and can claim it may accept it. A name that has no record is reserved before; that record
also keeps the container from being deleted meanwhile.

A claim is released only after the record has another revision, so that nobody who has claimed the
version before accepts it afterwards.
"""

from collections.abc import Callable
from functools import partial

from mcos import clock
from mcos.aws import AWS_ERRORS
from mcos.catalog import containers, deleted, objects
from mcos.catalog.registry import current_registry
from mcos.errors import Conflict, McosError, ObjectNotFound, OutcomeUnknown
from mcos.model import lifecycle
from mcos.model.deleted import Deleted, DeletedState
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.model.reservation import is_reserved, reserved
from mcos.placement.moves import taken_in
from mcos.replicas.backend import new_incarnation
from mcos.settings import settings
from mcos.versions import dispose, loans

_TRIES = 12
_LATER_SECONDS = 60
_GONE = "There is no such deleted object, or it is being removed."

Accept = Callable[[ObjectRecord | None], ObjectRecord]
"""Computes the record that has accepted the version."""


class _Changed(McosError):
    """The record has changed since it was read, so the version must be claimed again."""


def settled_record(key: ObjectKey) -> ObjectRecord | None:
    """Return an object's record once what was deleted of it is among the deleted versions.

    Raises
    ------
    Conflict
        Other calls kept changing the object.
    """
    for _ in range(_TRIES):
        record = objects.get(key)
        if record is None or not record.kept:
            return record
        dispose.dispose(record)
    raise Conflict("Other calls changed the object at the same time; try again.")


def restore(found: Deleted) -> ObjectRecord:
    """Make a deleted version its object's current one again. Anybody may repeat it.

    Returns
    -------
    The record, which has the version.

    Raises
    ------
    ContainerNotFound, ObjectExists, Conflict
    ObjectNotFound
        It was removed, or is not whole any more.
    """
    by, is_claimed = clock.new_id(), found.state is DeletedState.RESTORING
    accept = _acceptance(found)
    for _ in range(_TRIES):
        record = settled_record(found.key)
        version = record.find(found.version_id) if record else None
        if lifecycle.has_disposed_of(record, found.kept):
            deleted.confirm_restored(found.key, found.version_id, found.kept.deletion)
            raise ObjectNotFound(_GONE)
        if record is not None and version is not None:
            deleted.confirm_restored(found.key, found.version_id, found.kept.deletion)
            return record
        try:
            accepted = accept(record)
            if record is None:
                containers.get(found.key.account, found.key.container)
                record = objects.change(found.key, partial(_reserve, accepted))
                if not is_reserved(record):
                    continue
            if not deleted.claim(found, by):
                raise ObjectNotFound(_GONE)
            is_claimed = True
            containers.admit(found.key.account, found.key.container)
        except McosError:
            if is_claimed:
                _release(found, by)
            raise
        try:
            written = objects.accept_guessed(
                found.key, partial(_accept_unchanged, accept, record), record
            )
        except (_Changed, OutcomeUnknown):
            continue
        deleted.confirm_restored(found.key, found.version_id, found.kept.deletion)
        return written
    raise Conflict("Other calls changed the object at the same time; try again.")


def _acceptance(found: Deleted) -> Accept:
    """Return how a record accepts a version, always with the same new copies."""
    incarnations = {name: new_incarnation() for name in found.kept.version.replicas}
    registry, instead = current_registry(), new_incarnation()

    def accept(record: ObjectRecord | None) -> ObjectRecord:
        accepted = lifecycle.accept_undelete(
            record,
            found.kept,
            key=found.key,
            cluster=settings().cluster,
            incarnations=incarnations,
        )
        following = taken_in(accepted, registry, incarnation=instead)
        if following.find(found.version_id) is None:
            raise ObjectNotFound("The clusters that had the deleted object are gone.")
        return following

    return accept


def _reserve(accepted: ObjectRecord, found: ObjectRecord | None) -> ObjectRecord | None:
    return found or reserved(accepted.key, accepted.latest, cluster=settings().cluster)


def _accept_unchanged(
    accept: Accept, before: ObjectRecord | None, found: ObjectRecord | None
) -> ObjectRecord:
    if found is None or before is None or found.revision != before.revision:
        raise _Changed("The object has changed.")
    return accept(found)


def _release(found: Deleted, by: str) -> None:
    """Let a version wait again that cannot be taken back now."""
    if not deleted.claim(found, by):
        return
    record = objects.change(found.key, lifecycle.touch)
    if record is not None and record.find(found.version_id) is not None:
        deleted.confirm_restored(found.key, found.version_id, found.kept.deletion)
    else:
        deleted.release(found, by)


def remove_due(found: Deleted) -> bool:
    """Have the copies of a deleted version removed, if it is due. Harmless to repeat.

    Returns
    -------
    Whether their removal is in the queues of their clusters; not while others borrow them.

    Raises
    ------
    Conflict
    """
    record = objects.get(found.key)
    is_unsettled = record is not None and bool(record.kept)
    if is_unsettled:
        record = settled_record(found.key)
    if not deleted.claim_removal(found):
        return False
    if any(loans.is_awaited(found.key.account, one) for one in found.kept.version.lent_to):
        deleted.postpone(found, _LATER_SECONDS)
        return False
    # Only tables that were restored to different moments have a version in both.
    if record is None or record.find(found.version_id) is None:
        try:
            for removal in found.removals:
                dispose.remove_copy(found.key.account, removal)
            dispose.unstage(found.kept.version)
        except AWS_ERRORS:
            deleted.postpone(found, _LATER_SECONDS)
            raise
    deleted.confirm_removed(found, remember=is_unsettled)
    return True
