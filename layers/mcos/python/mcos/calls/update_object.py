"""update_object: replace an object's content, or create the object if the caller wants that."""

from typing import NamedTuple

from mcos.catalog import containers, objects
from mcos.catalog.registry import policy_named
from mcos.model import lifecycle
from mcos.model.conditions import Conditions, guard
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.model.quotas import Amount
from mcos.settings import settings
from mcos.versions import dispose, make, quota, replicate, retention
from mcos.versions.make import Content, Prefer
from mcos.versions.take import confirm_container, unstaged_if_refused

# Commits dispose of dropped versions, but many updates before a commit must not inflate the item.
_OWED_AT_MOST = 24


class Updated(NamedTuple):
    """The outcome of an update.

    Attributes
    ----------
    record
        CREATED (synchronous), or UPDATING or CREATING (asynchronous).
    is_new
        Whether the object was created.
    """

    record: ObjectRecord
    is_new: bool


def update_object(
    key: ObjectKey,
    content: Content,
    prefer: Prefer,
    conditions: Conditions,
    *,
    storage_policy: str | None = None,
    create: bool = False,
) -> Updated:
    """Update an object: replace its content with all that describes it.

    Readers see the content before it until the new one is acknowledged.

    Parameters
    ----------
    storage_policy
        Name of the storage policy; None: the object's current one, or else the container's.
    create
        Whether to create the object if there is none.

    Raises
    ------
    InvalidName, InvalidMetadata, ContentTooLarge, UnknownStoragePolicy, ContainerNotFound,
    QuotaExceeded, TooManyRequests, ObjectNotFound, PreconditionFailed, Retained,
    NotEnoughClusters, ReplicationFailed, Superseded, OutcomeUnknown
    """
    make.check(key, content)
    quota.check_rate(key.account)
    named = storage_policy and policy_named(storage_policy)
    version = make.stage(make.new_version(key, content, prefer), content)

    is_new = False

    def accept(record: ObjectRecord | None) -> ObjectRecord:
        nonlocal is_new
        own = settings().cluster
        there = None if record is None or record.is_gone else record
        if there is None and create:
            placed = make.place_new(version, key, storage_policy)
            accepted = lifecycle.accept_create(record, placed, key=key, cluster=own)
        else:
            placed = make.place(version, key, named or make.policy_kept(record))
            accepted = lifecycle.accept_update(record, placed, cluster=own)
        if accepted is not record:  # else it was accepted by a write whose reply was lost
            guard(conditions, there.latest if there else None)
            retention.check_not_retained(there)
            before = there.latest.size if there else 0
            quota.check_room(key.account, Amount(version.size - before, 0 if there else 1))
            is_new = there is None
        return accepted

    with unstaged_if_refused(version):
        found = objects.get(key)
        if found is not None and not found.is_admitted:
            # The create may not have checked the container yet. Once the update is accepted, what
            # was acknowledged before is gone: so nothing is accepted without a container.
            containers.admit(key.account, key.container)
        record = objects.accept_read(key, accept, found)
    record = confirm_container(
        key, record, version.id, is_policy_guessed=is_new and storage_policy is None
    )
    if len(record.removals) > _OWED_AT_MOST:
        dispose.dispose(record)
    return Updated(replicate.store(record, version.id, content, prefer), is_new)
