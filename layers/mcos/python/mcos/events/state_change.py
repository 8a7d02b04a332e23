"""The event for a change of an object, as a pure function of two records.

``events/schemas/object_state_change.json`` is its schema; ``docs/notifications.md`` describes it
for users.
"""

from datetime import datetime
from typing import NamedTuple

from mcos import clock
from mcos.model.messages import ReplicaState, StateChange
from mcos.model.objects import ObjectRecord
from mcos.model.reservation import is_reserved

SOURCE = "mcos"
DETAIL_TYPE = "MCOS Object State Change"

SCHEMA = 1
"""Version of the schema. It is raised if a field is removed or changes its meaning."""

DELETED = "DELETED"
"""State of an object that does not exist any more; no record has it."""


def state_change(
    old: ObjectRecord | None, new: ObjectRecord | None, changed_at: datetime
) -> StateChange | None:
    """Return the detail of the event for a change from one record to the next.

    The same change always has the same detail, so consumers recognise an event that was published
    twice by its ``revision``. The revision of a removal is the one after the removed revision.

    Parameters
    ----------
    old, new
        The record before and after; None: there was or is none.
    changed_at
        When the catalog was written, in UTC.

    Returns
    -------
    None if users cannot see a difference.
    """
    old, new = (None if is_reserved(one) else one for one in (old, new))
    after = _visible(new) if new else _visible_removed(old) if old else None
    before = _visible(old) if old else None
    record = new or old
    if after is None or record is None or after == before:
        return None
    return {
        "schema": SCHEMA,
        "account": record.account,
        "container": record.container,
        "object": record.name,
        "state": after.state,
        "version": after.version,
        "size": after.size,
        "etag": after.etag,
        "replicas": after.replicas,
        "previous_state": old.state.value if old else None,
        "cluster": record.sweeper,
        "revision": new.revision if new else clock.next_id(record.revision),
        "changed_at": clock.text(changed_at),
    }


class _Visible(NamedTuple):
    """What users can see and what can change; not all of it is in the event."""

    state: str
    version: str
    described_at: str
    size: int
    etag: str
    replicas: list[ReplicaState]


def _visible(record: ObjectRecord) -> _Visible:
    version = record.shown
    return _Visible(
        state=record.state.value,
        version=version.id,
        described_at=version.described_at,
        size=version.size,
        etag=version.etag,
        replicas=[
            {"cluster": cluster, "backend": replica.backend, "state": replica.progress}
            for cluster, replica in sorted(version.replicas.items())
        ],
    )


def _visible_removed(record: ObjectRecord) -> _Visible:
    return _visible(record)._replace(state=DELETED, replicas=[])
