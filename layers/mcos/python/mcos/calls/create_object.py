"""create_object: a new object, as three replicas on three clusters."""

from mcos.model.conditions import Conditions
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.model.quotas import Amount
from mcos.versions import make, quota, replicate
from mcos.versions.accept import accept_new
from mcos.versions.make import Content, Prefer


def create_object(
    key: ObjectKey,
    content: Content,
    prefer: Prefer,
    conditions: Conditions,
    *,
    storage_policy: str | None = None,
) -> ObjectRecord:
    """Create an object.

    A warm function makes these network calls for small content, apart from those that write the
    replicas: the record, the container, the execution and its commit.

    Parameters
    ----------
    key
        Account, container and name.
    storage_policy
        Name of the storage policy; None: the container's.

    Returns
    -------
    The record: CREATED (synchronous) or CREATING (asynchronous).

    Raises
    ------
    InvalidName, InvalidMetadata, ContentTooLarge, UnknownStoragePolicy, ContainerNotFound,
    QuotaExceeded, TooManyRequests, ObjectExists, PreconditionFailed, NotEnoughClusters,
    ReplicationFailed, Superseded, OutcomeUnknown
    """
    make.check(key, content)
    quota.check_rate(key.account)
    quota.check_room(key.account, Amount(len(content.body), 1))
    version = make.place_new(make.new_version(key, content, prefer), key, storage_policy)
    version = make.stage(version, content)
    record = accept_new(key, version, conditions, storage_policy=storage_policy)
    return replicate.store(record, version.id, content, prefer)
