"""A record that holds the name of an object that is about to be taken from staging.

Of two calls that take one upload, the later one must not accept what the earlier one has accepted
and others have deleted since. A write that is conditional on a record's revision tells them apart,
but one that is conditional on there being no record does not. So a name without a record gets a
record first. No reader sees an object in it, and the sweeper removes it if it is left behind.
"""

from dataclasses import replace

from mcos.model.objects import ObjectKey, ObjectRecord, State
from mcos.model.versions import Version


def reserved(key: ObjectKey, version: Version, *, cluster: str) -> ObjectRecord:
    """Return a record of a name that is to get its first version."""
    return ObjectRecord(
        *key,
        state=State.DELETING,
        sweeper=cluster,
        created_at=version.created_at,
        last_modified=version.created_at,
        last=replace(version, replicas={}),
    )


def is_reserved(record: ObjectRecord | None) -> bool:
    """Whether a record only holds a name; that of a deleted object has had replicas."""
    if record is None or record.state is not State.DELETING or record.owes:
        return False
    return record.last is not None and not record.last.replicas
