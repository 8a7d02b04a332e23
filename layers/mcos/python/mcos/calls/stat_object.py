"""stat_object: describe an object and its replicas."""

from mcos import clock
from mcos.catalog import objects
from mcos.errors import ObjectNotFound
from mcos.model.names import check_container_name, check_object_name
from mcos.model.objects import ObjectKey, ObjectRecord, State
from mcos.model.reservation import is_reserved

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 1.0

_SETTLED = (State.CREATED, State.FAILED)


def stat_object(
    key: ObjectKey,
    *,
    wait_seconds: float = 0,
) -> ObjectRecord:
    """Return an object's record: one network call, or several if it waits for the object.

    Parameters
    ----------
    wait_seconds
        How long to wait for the object to be CREATED, FAILED or gone.

    Returns
    -------
    The record as soon as the object is CREATED or FAILED, or as it is after the wait.

    Raises
    ------
    InvalidName, ObjectNotFound
    """
    check_container_name(key.container)
    check_object_name(key.name)
    deadline = clock.elapsed() + wait_seconds
    pause = _FIRST_PAUSE_SECONDS
    while True:
        record = objects.get(key)
        if record is None or is_reserved(record):
            raise ObjectNotFound("There is no such object.")
        left = deadline - clock.elapsed()
        if record.state in _SETTLED or left <= 0:
            return record
        # Read the record at the end of the wait, not one pause before it.
        clock.sleep(min(pause, left))
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
