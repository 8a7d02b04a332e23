"""What the event bus is told of a change of an object, as a pure function of two records.

The event is described by ``events/schemas/object_state_change.json``, for users by
``docs/notifications.md``.
"""

from datetime import datetime
from typing import Any

from mcos import clock
from mcos.model.objects import ObjectRecord

SOURCE = "mcos"
DETAIL_TYPE = "MCOS Object State Change"

SCHEMA = 1
"""Raised when a field goes or comes to mean something else; fields may be added without."""

DELETED = "DELETED"
"""State of an object that is no more: no record has it."""


def state_change(
    old: ObjectRecord | None, new: ObjectRecord | None, changed_at: datetime
) -> dict[str, Any] | None:
    """The detail of the event for a change from one record to the next.

    The same change always gives the same detail, so what is published twice can be told by its
    ``revision``. That of a removal follows the revision that was removed.

    Parameters
    ----------
    old, new
        The record before and after; None: it was not there, or is not any more.
    changed_at
        When the catalog took the change, in UTC.

    Returns
    -------
    None if users can see no difference.
    """
    told = _told(new) if new else _told_removed(old) if old else None
    before = _told(old) if old else None
    record = new or old
    if told is None or record is None or told == before:
        return None
    return {
        "schema": SCHEMA,
        "account": record.account,
        "container": record.container,
        "object": record.name,
        **told,
        "previous_state": old.state.value if old else None,
        "cluster": record.sweeper,
        "revision": new.revision if new else clock.next_id(record.revision),
        "changed_at": clock.text(changed_at),
    }


def _told(record: ObjectRecord) -> dict[str, Any]:
    """What users can see of an object and can change."""
    version = record.shown
    return {
        "state": record.state.value,
        "version": version.id,
        "size": version.size,
        "etag": version.etag,
        "replicas": [
            {"cluster": cluster, "backend": replica.backend, "state": replica.progress}
            for cluster, replica in sorted(version.replicas.items())
        ],
    }


def _told_removed(record: ObjectRecord) -> dict[str, Any]:
    return {**_told(record), "state": DELETED, "replicas": []}
