"""update_metadata: change what describes an object's content, without sending it again."""

from dataclasses import replace

from mcos import clock
from mcos.catalog import containers, objects
from mcos.errors import Conflict, ObjectNotFound, ObjectNotReady
from mcos.model import lifecycle
from mcos.model.conditions import Conditions, guard
from mcos.model.description import DescriptionChange
from mcos.model.names import check_container_name, check_object_name
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.model.versions import Version
from mcos.versions import quota, retention


def update_metadata(
    key: ObjectKey,
    change: DescriptionChange,
    conditions: Conditions,
    *,
    version_id: str | None = None,
) -> ObjectRecord:
    """Change type, metadata and headers of an object: two network calls.

    The version stays, with its ETag and its copies. What is described is the version that was
    taken last: of an upload that is not digested yet, readers see the change with its content.

    Parameters
    ----------
    version_id
        Id of the version that is to be described; None: whichever it is.

    Returns
    -------
    The record; ``taken`` is the version that was described.

    Raises
    ------
    InvalidName, InvalidMetadata, InvalidHeader, TooManyRequests, ContainerNotFound, ObjectNotFound,
    ObjectNotReady, PreconditionFailed, Retained, Conflict, OutcomeUnknown
    """
    check_container_name(key.container)
    check_object_name(key.name)
    quota.check_rate(key.account)
    at = clock.now()

    def accept(record: ObjectRecord | None) -> ObjectRecord:
        there, version = described_version(record)
        if version_id not in (None, version.id):
            raise Conflict("The object was changed at the same time; try again.")
        described = change.of(version)
        is_same = described == version
        if is_same and version.described_at == at:
            return there  # accepted by a write whose reply was lost
        guard(conditions, version)
        retention.check_not_retained(there)
        return there if is_same else lifecycle.describe(there, replace(described, described_at=at))

    found = objects.get(key)
    if found is not None and not found.is_gone and not found.is_admitted:
        # Its call may have ended before it looked whether there is a container.
        containers.admit(key.account, key.container)
    return objects.accept_read(key, accept, found)


def described_version(record: ObjectRecord | None) -> tuple[ObjectRecord, Version]:
    """Return a record, and the version of it that users may describe.

    Raises
    ------
    ObjectNotFound, ObjectNotReady
    """
    if record is None or record.is_gone:
        raise ObjectNotFound("An object must exist to be described.")
    if record.taken is None:
        raise ObjectNotReady("The object is not stored yet; try again.")
    return record, record.taken
