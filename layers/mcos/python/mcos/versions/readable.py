"""What readers see of an object."""

from mcos.catalog import containers, objects
from mcos.errors import ContainerNotFound, ObjectNotFound, ObjectNotReady
from mcos.model.objects import ObjectKey, ObjectRecord, State
from mcos.model.versions import Version


def readable(key: ObjectKey) -> tuple[ObjectRecord, Version]:
    """Return an object's record, and the version that readers see: one network call.

    Raises
    ------
    ObjectNotFound, ObjectNotReady
    """
    record = objects.get(key)
    if record is None or record.state is State.DELETING:
        raise ObjectNotFound("There is no such object.")
    if record.state is State.FAILED:
        raise ObjectNotFound(f"The object could not be stored: {record.reason}")
    if record.current is None:
        raise ObjectNotReady("The object is not stored yet; try again.")
    if not record.is_admitted:
        try:
            # Its call may have ended before it looked whether there is a container.
            containers.get(key.account, key.container)
        except ContainerNotFound:
            raise ObjectNotFound("There is no such object.") from None
    return record, record.current
