"""create_object: a new object, as three replicas on three clusters."""

from mcos.catalog import objects
from mcos.model import lifecycle
from mcos.model.conditions import Conditions, guard
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.model.quotas import Amount
from mcos.settings import settings
from mcos.versions import make, quota, replicate
from mcos.versions.make import Content, Prefer
from mcos.versions.take import confirm_container, unstaged_if_refused


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

    def accept(record: ObjectRecord | None) -> ObjectRecord:
        if record is not None and record.find(version.id) is not None:
            return record  # accepted by a write whose reply was lost
        guard(conditions, record.latest if record and not record.is_gone else None)
        return lifecycle.accept_create(record, version, key=key, cluster=settings().cluster)

    with unstaged_if_refused(version):
        record = objects.accept_guessed(key, accept, None)
    record = confirm_container(key, record, version.id, is_policy_guessed=storage_policy is None)
    return replicate.store(record, version.id, content, prefer)
