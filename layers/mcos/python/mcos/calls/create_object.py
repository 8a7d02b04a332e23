"""create_object: a new object, as three replicas on three clusters."""

from mcos import disposal, lifecycle
from mcos.calls import storing, writing
from mcos.calls.conditions import Conditions, guard
from mcos.calls.writing import Content, Prefer
from mcos.catalog import objects
from mcos.catalog.objects import Key
from mcos.errors import McosError
from mcos.model import ObjectRecord, State
from mcos.settings import settings


def create_object(
    key: Key,
    content: Content,
    prefer: Prefer,
    conditions: Conditions,
    *,
    storage_policy: str | None = None,
) -> ObjectRecord:
    """Create an object.

    Network calls when the function is warm and the content small, beside the replicas' writes:
    the record, the container, the execution and its commit.

    Parameters
    ----------
    key
        Account, container and name.
    storage_policy
        Name of the rule of placement; the container's if None.

    Returns
    -------
    The record: CREATED (synchronous) or CREATING (asynchronous).

    Raises
    ------
    InvalidName, InvalidMetadata, ContentTooLarge, UnknownStoragePolicy, ContainerNotFound,
    ObjectExists, ObjectBeingDeleted, PreconditionFailed, NotEnoughClusters, ReplicationFailed,
    Superseded
    """
    writing.check(key, content)
    policy = writing.policy_of(key, storage_policy)
    version = writing.placed(writing.new_version(content, prefer), key, policy)
    version = writing.staged(version, content)

    def accept(record: ObjectRecord | None) -> ObjectRecord:
        if record is not None and record.find(version.id) is not None:
            return record  # taken by a write whose reply was lost
        exists = record is not None and record.state is not State.FAILED
        guard(conditions, record.latest.etag if record and exists else None)
        return lifecycle.accept_create(record, version, key=key, cluster=settings().cluster)

    try:
        record = objects.change_guessed(key, accept, None)
        if record is None:
            raise AssertionError("an accepted object has a record")
        record = writing.admit(key, record, version.id, policy_is_guessed=storage_policy is None)
    except McosError:
        disposal.unstage(version)
        raise
    return storing.store(record, version.id, content, prefer)
