"""delete_object: hide an object from readers, and have its replicas removed after a grace."""

import logging

from mcos import clock
from mcos.aws import AWS_ERRORS
from mcos.catalog import objects
from mcos.errors import ObjectNotFound
from mcos.model import lifecycle
from mcos.model.conditions import Conditions, guard
from mcos.model.kept import Grace
from mcos.model.names import check_container_name, check_object_name
from mcos.model.objects import ObjectKey, ObjectRecord, State
from mcos.model.reservation import is_reserved
from mcos.replicas import repair_queue
from mcos.settings import removal_grace_seconds, settings
from mcos.versions import dispose, retention
from mcos.versions.make import Prefer

_log = logging.getLogger(__name__)


def delete_object(key: ObjectKey, prefer: Prefer, conditions: Conditions) -> bool:
    """Delete an object. A backend or a queue that is down does not block it.

    Returns
    -------
    Whether it is done: the catalog has no record of the object, and the removal of each replica is
    in its cluster's queue. Else the object is DELETING, and the rest follows: of an asynchronous
    delete, and of a synchronous one while a queue cannot be reached.

    Raises
    ------
    InvalidName, ObjectNotFound, PreconditionFailed, Retained, OutcomeUnknown
    """
    check_container_name(key.container)
    check_object_name(key.name)

    def accept(record: ObjectRecord | None) -> ObjectRecord:
        if is_reserved(record):
            raise ObjectNotFound("There is no such object.")
        accepted = lifecycle.accept_delete(
            record, cluster=settings().cluster, at=clock.now(), grace=_grace(record)
        )
        guard(conditions, record.latest if record else None)
        retention.check_not_retained(record)
        return accepted

    record = objects.accept(key, accept)
    if prefer.mode == "wait":
        left = dispose.dispose(record)
        return left is None or left.state is not State.DELETING
    try:
        repair_queue.send(settings().repair_queue_url, repair_queue.dispose_message(key))
    except AWS_ERRORS as error:
        # The record says that the object is DELETING: the sweeper will finish it.
        _log.warning("no message for an accepted delete: %s", type(error).__name__)
    return False


def _grace(record: ObjectRecord | None) -> Grace | None:
    seconds = removal_grace_seconds()
    if seconds <= 0 or record is None or record.current is None:
        return None
    before = max(record.revision, record.current.restored_from)
    return Grace(clock.new_id(after=before), clock.later(seconds))
