"""update_object: replace an object's content, or create the object if the caller wants that."""

from typing import NamedTuple

from mcos.catalog.registry import policy_named
from mcos.model.conditions import Conditions
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.versions import make, quota, replicate
from mcos.versions.accept import accept_change
from mcos.versions.make import Content, Prefer


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
    if storage_policy is not None:
        policy_named(storage_policy)
    version = make.stage(make.new_version(key, content, prefer), content)
    record, is_new = accept_change(
        key, version, conditions, storage_policy=storage_policy, create=create
    )
    return Updated(replicate.store(record, version.id, content, prefer), is_new)
