"""update_object: a new content for an object; readers see the old one whole until it is stored."""

from mcos import disposal, lifecycle
from mcos.calls import storing, writing
from mcos.calls.conditions import Conditions, guard
from mcos.calls.writing import Content, Prefer
from mcos.catalog import objects
from mcos.catalog.objects import Key
from mcos.catalog.registry import policy_named
from mcos.errors import McosError
from mcos.model import ObjectRecord
from mcos.settings import settings

# Commits dispose of what updates make obsolete; a burst of updates between must not swell the item.
_OBSOLETE_AT_MOST = 8


def update_object(
    key: Key,
    content: Content,
    prefer: Prefer,
    conditions: Conditions,
    *,
    storage_policy: str | None = None,
) -> ObjectRecord:
    """Update an object; content, type and metadata are all replaced.

    Parameters
    ----------
    storage_policy
        Name of the rule of placement; the one that the object has if None.

    Returns
    -------
    The record: CREATED (synchronous) or UPDATING (asynchronous).

    Raises
    ------
    InvalidName, InvalidMetadata, ContentTooLarge, UnknownStoragePolicy, ContainerNotFound,
    ObjectNotFound, PreconditionFailed, NotEnoughClusters, ReplicationFailed, Superseded
    """
    writing.check(key, content)
    named = storage_policy and policy_named(storage_policy)
    version = writing.staged(writing.new_version(content, prefer), content)

    def accept(record: ObjectRecord | None) -> ObjectRecord:
        policy = named or writing.policy_kept(record)
        placed = writing.placed(version, key, policy)
        accepted = lifecycle.accept_update(record, placed, cluster=settings().cluster)
        if accepted is not record:  # else it was taken by a write whose reply was lost
            guard(conditions, record.latest.etag if record else None)
        return accepted

    try:
        record = objects.change(key, accept)
        if record is None:
            raise AssertionError("an accepted object has a record")
        if record.current is None:
            # The create may not have looked for the container yet.
            record = writing.admit(key, record, version.id)
    except McosError:
        disposal.unstage(version)
        raise
    if len(record.obsolete) > _OBSOLETE_AT_MOST:
        disposal.dispose(record)
    return storing.store(record, version.id, content, prefer)
