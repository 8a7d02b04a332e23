"""update_object: replace an object's content; readers see the old one until the new is stored."""

from mcos.catalog import containers, objects
from mcos.catalog.registry import policy_named
from mcos.model import lifecycle
from mcos.model.conditions import Conditions, guard
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.settings import settings
from mcos.versions import dispose, make, replicate, retention
from mcos.versions.make import Content, Prefer
from mcos.versions.take import confirm_container, unstaged_if_refused

# Commits dispose of dropped versions, but many updates before a commit must not inflate the item.
_OWED_AT_MOST = 24


def update_object(
    key: ObjectKey,
    content: Content,
    prefer: Prefer,
    conditions: Conditions,
    *,
    storage_policy: str | None = None,
) -> ObjectRecord:
    """Update an object: replace its content, content type and metadata.

    Parameters
    ----------
    storage_policy
        Name of the storage policy; None: the object's current one.

    Returns
    -------
    The record: CREATED (synchronous) or UPDATING (asynchronous).

    Raises
    ------
    InvalidName, InvalidMetadata, ContentTooLarge, UnknownStoragePolicy, ContainerNotFound,
    ObjectNotFound, PreconditionFailed, Retained, NotEnoughClusters, ReplicationFailed,
    Superseded, OutcomeUnknown
    """
    make.check(key, content)
    named = storage_policy and policy_named(storage_policy)
    version = make.stage(make.new_version(key, content, prefer), content)

    def accept(record: ObjectRecord | None) -> ObjectRecord:
        policy = named or make.policy_kept(record)
        placed = make.place(version, key, policy)
        accepted = lifecycle.accept_update(record, placed, cluster=settings().cluster)
        if accepted is not record:  # else it was accepted by a write whose reply was lost
            guard(conditions, record.latest if record else None)
            retention.check_not_retained(record)
        return accepted

    with unstaged_if_refused(version):
        found = objects.get(key)
        if found is not None and not found.is_admitted:
            # The create may not have checked the container yet. Once the update is accepted, what
            # was acknowledged before is gone: so nothing is accepted without a container.
            containers.admit(key.account, key.container)
        record = objects.accept_read(key, accept, found)
    record = confirm_container(key, record, version.id)
    if len(record.removals) > _OWED_AT_MOST:
        dispose.dispose(record)
    return replicate.store(record, version.id, content, prefer)
