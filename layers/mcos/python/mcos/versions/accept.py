"""Accepting a version as the first or the next one of its object, and confirming its container."""

from typing import NamedTuple

from mcos.catalog import containers, objects
from mcos.catalog.registry import policy_named
from mcos.model import lifecycle
from mcos.model.conditions import Conditions, guard
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.model.quotas import Amount
from mcos.model.versions import Version
from mcos.settings import settings
from mcos.versions import dispose, make, quota, retention
from mcos.versions.take import confirm_container, unstaged_if_refused

# Commits dispose of dropped versions, but many updates before a commit must not inflate the item.
_OWED_AT_MOST = 24


class Accepted(NamedTuple):
    """A record that has accepted a version; ``is_new``: there was no object."""

    record: ObjectRecord
    is_new: bool


def accept_new(
    key: ObjectKey, version: Version, conditions: Conditions, *, storage_policy: str | None
) -> ObjectRecord:
    """Accept a version, which is placed and staged, as the first one of an object.

    Two network calls if the function is warm.

    Raises
    ------
    ContainerNotFound, ObjectExists, PreconditionFailed, NotEnoughClusters, Superseded,
    OutcomeUnknown
    """

    def accept(record: ObjectRecord | None) -> ObjectRecord:
        if record is not None and record.find(version.id) is not None:
            return record  # accepted by a write whose reply was lost
        guard(conditions, record.latest if record and not record.is_gone else None)
        return lifecycle.accept_create(record, version, key=key, cluster=settings().cluster)

    with unstaged_if_refused(version):
        record = objects.accept_guessed(key, accept, None)
    return confirm_container(key, record, version.id, is_policy_guessed=storage_policy is None)


def accept_change(
    key: ObjectKey,
    version: Version,
    conditions: Conditions,
    *,
    storage_policy: str | None,
    create: bool,
) -> Accepted:
    """Accept a version, which is staged and not placed yet, in place of what an object has.

    Parameters
    ----------
    storage_policy
        Name of the storage policy; None: the object's current one, or else the container's.
    create
        Whether to create the object if there is none.

    Raises
    ------
    UnknownStoragePolicy, ContainerNotFound, QuotaExceeded, ObjectNotFound, PreconditionFailed,
    Retained, NotEnoughClusters, Superseded, OutcomeUnknown
    """
    named = storage_policy and policy_named(storage_policy)
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
    return Accepted(record, is_new)
