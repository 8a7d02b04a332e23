"""undelete_object: take back an object that was deleted."""

from mcos.catalog import containers, deleted
from mcos.errors import ObjectExists, ObjectNotFound
from mcos.model.deleted import Deleted, DeletedState
from mcos.model.names import check_container_name, check_object_name, is_id
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.versions import replicate
from mcos.versions.undelete import restore, settled_record


def undelete_object(key: ObjectKey, *, version_id: str | None = None) -> ObjectRecord:
    """Make a deleted version its object's current one again; it may be repeated.

    Parameters
    ----------
    version_id
        Id of the version; None: of those that were deleted the newest.

    Returns
    -------
    The record: CREATED, or UPDATING while replicas are missing.

    Raises
    ------
    InvalidName, ContainerNotFound, ObjectNotFound, Conflict
    ObjectExists
        Another object has the name.
    """
    check_container_name(key.container)
    check_object_name(key.name)
    if (record := _taken_back(key, version_id)) is not None:
        return record
    found = _find(key, version_id)
    try:
        if found is None:
            raise ObjectNotFound("There is no such deleted object.")
        record = restore(found)
    except ObjectNotFound:
        if (record := _taken_back(key, version_id)) is not None:
            return record  # another call was first
        containers.get(key.account, key.container)
        raise
    if record.current is not None and not record.current.is_settled:
        replicate.begin(record, record.current.id)
    return record


def _taken_back(key: ObjectKey, version_id: str | None) -> ObjectRecord | None:
    """Return the record of an object that was taken back already; None: there is no object.

    Raises
    ------
    ObjectExists, Conflict
    """
    record = settled_record(key)
    if record is None or record.is_gone:
        return None
    current = record.current
    if current is not None and current.restored_from and version_id in (None, current.id):
        return record
    raise ObjectExists(f"Object {key.name!r} exists in container {key.container!r}.")


def _find(key: ObjectKey, version_id: str | None) -> Deleted | None:
    left = (DeletedState.KEPT, DeletedState.RESTORING)
    if version_id is None:
        return next((one for one in deleted.of_object(key)[::-1] if one.state in left), None)
    found = deleted.find(key, version_id) if is_id(version_id) else None
    return found if found is not None and found.state in left else None
