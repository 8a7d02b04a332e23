"""copy_object: an object with the content of another one, which its caller does not send."""

from dataclasses import dataclass

from mcos import clock, limits
from mcos.calls.update_metadata import update_metadata
from mcos.catalog import containers, objects
from mcos.catalog.registry import policy_named
from mcos.errors import ContainerNotFound, ObjectNotFound, ObjectNotReady, PreconditionFailed
from mcos.model.conditions import Conditions
from mcos.model.description import DescriptionChange
from mcos.model.names import check_container_name, check_object_name
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.model.quotas import Amount
from mcos.model.uploads import Action
from mcos.model.versions import Loan, Version
from mcos.replicas.read import read_staged
from mcos.versions import loans, make, quota, replicate, retention
from mcos.versions.accept import Accepted, accept_change, accept_new
from mcos.versions.make import Content, Prefer
from mcos.versions.take import confirm_lender

_TRIES = 3


@dataclass(frozen=True)
class CopySource:
    """What is copied.

    Attributes
    ----------
    version
        Id that its version must have; None: whichever readers see.
    if_match
        ETag that it must have, quoted; None: any.
    """

    key: ObjectKey
    version: str | None = None
    if_match: str | None = None


@dataclass(frozen=True)
class Copied:
    """The outcome of a copy.

    Attributes
    ----------
    record
        The target's: CREATED (synchronous), or CREATING or UPDATING (asynchronous).
    prefer
        How the caller waited. What is larger than a call carries is always asynchronous.
    is_new
        Whether the object was created.
    in_place
        Whether source and target are one object: then its description has changed at most.
    """

    record: ObjectRecord
    prefer: Prefer
    is_new: bool = False
    in_place: bool = False


def copy_object(
    key: ObjectKey,
    source: CopySource,
    change: DescriptionChange,
    prefer: Prefer,
    conditions: Conditions,
    *,
    action: Action,
    storage_policy: str | None = None,
) -> Copied:
    """Make, or replace, an object by a copy of another one of the account.

    The copy has the source's content, ETag and description, but for what ``change`` changes of it.
    It is taken by writing records, whatever its size, and read from the source's replicas until it
    has its own: see ``mcos.versions.loans``. What is staged alone, because it was taken a moment
    ago, is staged once more if a call carries it.

    Parameters
    ----------
    conditions
        Of the target.
    storage_policy
        As for ``create_object`` and ``update_object``.

    Raises
    ------
    InvalidName, InvalidMetadata, InvalidHeader, UnknownStoragePolicy, ContainerNotFound,
    QuotaExceeded, TooManyRequests, ObjectNotFound, ObjectExists, PreconditionFailed, Retained,
    NotEnoughClusters, ReplicationFailed, Superseded, OutcomeUnknown
    ObjectNotReady
        The source is large, and too few replicas of it are stored yet.
    Conflict
        Too many copies of the source are being made.
    """
    for one in (key, source.key):
        check_container_name(one.container)
        check_object_name(one.name)
    quota.check_rate(key.account)
    if storage_policy is not None:
        policy_named(storage_policy)
    for left in reversed(range(_TRIES)):
        record, found = _readable(source)
        if key == source.key and action is not Action.CREATE and storage_policy is None:
            described = update_metadata(key, change, conditions, version_id=found.id)
            return Copied(described, prefer, in_place=True)
        if action is Action.CREATE:
            quota.check_room(key.account, Amount(found.size, 1))
        if found.size > limits.CONTENT_BYTES or found.part_size > 0:
            prefer = Prefer("respond-async")
        try:
            version, content = _made(key, record, change.of(found), prefer)
            accepted, is_new = _accepted(key, version, conditions, action, storage_policy)
            if content is None:
                accepted = confirm_lender(accepted, version.id)
            break
        except ObjectNotReady:
            if not left:
                raise
            # It has become readable, or was replaced, since its record was read.
    return Copied(replicate.store(accepted, version.id, content, prefer), prefer, is_new)


def _accepted(
    key: ObjectKey,
    version: Version,
    conditions: Conditions,
    action: Action,
    storage_policy: str | None,
) -> Accepted:
    if action is Action.CREATE:
        placed = make.place_new(version, key, storage_policy)
        return Accepted(
            accept_new(key, placed, conditions, storage_policy=storage_policy), is_new=True
        )
    return accept_change(
        key,
        version,
        conditions,
        storage_policy=storage_policy,
        create=action is Action.PUT,
    )


def _readable(source: CopySource) -> tuple[ObjectRecord, Version]:
    """Return the source's record, and its version that readers see."""
    record = objects.get(source.key)
    if record is None or record.is_gone:
        raise ObjectNotFound("The source must be an object.")
    found = record.current
    if found is None:
        raise ObjectNotReady("The source is not stored yet; try again.")
    if source.version not in (None, found.id):
        raise PreconditionFailed("The source must have the given version.")
    if source.if_match not in (None, found.etag):
        raise PreconditionFailed("The source must have the given ETag.")
    if not record.is_admitted:
        try:
            containers.get(source.key.account, source.key.container)
        except ContainerNotFound:
            raise ObjectNotFound("The source must be an object.") from None
    return record, found


def _made(
    key: ObjectKey, record: ObjectRecord, described: Version, prefer: Prefer
) -> tuple[Version, Content | None]:
    """Make the version that is to be accepted, from the source as it is to be described.

    Returns
    -------
    The version, which is not placed yet, and its content if it has been read.

    Raises
    ------
    ObjectNotReady
    """
    if not described.is_readable and described.size <= limits.CONTENT_BYTES:
        body = read_staged(described, 0, described.size - 1)
        if body is not None:
            content = Content(
                body,
                described.content_type,
                described.metadata,
                described.headers,
                sent_tag=described.sent_tag,
            )
            return make.stage(make.new_version(key, content, prefer), content), content
    lending, lender = _lender(record, described)
    version = Version(
        id=clock.new_id(),
        size=lender.size,
        md5=lender.md5,
        sha256=lender.sha256,
        content_type=described.content_type,
        metadata=described.metadata,
        headers=described.headers,
        created_at=clock.now(),
        mode=prefer.mode,
        staged=None,
        storage_policy="",
        readable_from=0,
        replicas={},
    )
    loans.lend(lending, lender.id, Loan(key.container, key.name, version.id))
    return retention.guessed(loans.borrowed(version, lender, lending.key), key), None


def _lender(record: ObjectRecord, version: Version) -> tuple[ObjectRecord, Version]:
    """Return whose replicas a copy can borrow: the source's, or those that it borrows itself.

    Raises
    ------
    ObjectNotReady
    """
    if version.is_readable:
        return record, version
    if version.borrowed_from is not None:
        lender = version.borrowed_from
        found = objects.get(ObjectKey(record.account, lender.container, lender.object))
        held = found.find(lender.version.id) if found else None
        if found is not None and held is not None and held.is_readable:
            return found, held
    raise ObjectNotReady("The source is still being stored; try again when it is.")
