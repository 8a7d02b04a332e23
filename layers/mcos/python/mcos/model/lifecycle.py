"""The life of an object, as pure functions from one record to the next.

Every function may be applied twice and out of order without harm: a transition that no longer
applies returns the record unchanged. Writers use them under optimistic concurrency
(``mcos.catalog``), which gives each written record a new revision.

Several versions may be pending. A version that was acknowledged asynchronously must become visible
even if a later one fails, so a version that may still be refused displaces nothing: a synchronous
one, which fails as a whole, and one whose content is not digested yet, which may not be what its
sender said. Any other pending version is superseded by the version accepted after it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from mcos.errors import Conflict, ObjectBeingDeleted, ObjectExists, ObjectNotFound, Superseded
from mcos.model.objects import ObjectKey, ObjectRecord, Replica, State, Version

_PENDING_AT_MOST = 8
"""More would make the record large; each is a change that was acknowledged and is not stored."""


class Outcome(StrEnum):
    """Result of committing a version.

    ``incomplete``: replicas are still missing. ``superseded``: the record no longer has the
    version. ``gone``: there is no record. ``refused``: the content does not have the digests
    that its sender gave.
    """

    COMMITTED = "committed"
    INCOMPLETE = "incomplete"
    SUPERSEDED = "superseded"
    GONE = "gone"
    REFUSED = "refused"


def accept_create(
    record: ObjectRecord | None, version: Version, *, key: ObjectKey, cluster: str
) -> ObjectRecord:
    """Accept a create: the object becomes CREATING.

    Parameters
    ----------
    record
        The record under the key; None if there is none. A FAILED object may be created again.
    key
        Account, container and name of the object.
    cluster
        The cluster that accepts it.

    Raises
    ------
    ObjectExists, ObjectBeingDeleted, Superseded
    """
    account, container, name = key
    if record is not None:
        if _knows(record, version):
            return record
        if record.state is State.DELETING:
            raise ObjectBeingDeleted(f"Object {name!r} is being deleted; try again shortly.")
        if record.state is not State.FAILED:
            raise ObjectExists(f"Object {name!r} exists in container {container!r}.")
    return ObjectRecord(
        account=account,
        container=container,
        name=name,
        state=State.CREATING,
        sweeper=cluster,
        created_at=version.created_at,
        last_modified=version.created_at,
        pending=(version,),
        obsolete=record.obsolete if record else (),
    )


def accept_update(record: ObjectRecord | None, version: Version, *, cluster: str) -> ObjectRecord:
    """Accept an update: the new version is pending beside the one that readers see.

    Raises
    ------
    ObjectNotFound
        There is no object, or it is FAILED or DELETING.
    Superseded
        The version was accepted before, and another one since.
    Conflict
        Too many versions of the object are pending.
    """
    if record is None or record.state in (State.DELETING, State.FAILED):
        raise ObjectNotFound("An object must exist to be updated.")
    if _knows(record, version):
        return record
    may_be_refused = version.mode == "wait" or not version.digested
    kept = tuple(one for one in record.pending if may_be_refused and one.mode == "respond-async")
    if len(kept) >= _PENDING_AT_MOST:
        raise Conflict("Too many changes of the object are under way; try again later.")
    return replace(
        record,
        state=State.UPDATING,
        sweeper=cluster,
        pending=(*kept, version),
        obsolete=_with(record, *(one for one in record.pending if one not in kept)),
        last_modified=version.created_at,
    )


def accept_put(
    record: ObjectRecord | None, version: Version, *, key: ObjectKey, cluster: str
) -> ObjectRecord:
    """Accept an update if the object exists, else a create.

    Raises
    ------
    ObjectBeingDeleted, Superseded
    """
    if record is None or record.state in (State.FAILED, State.DELETING):
        return accept_create(record, version, key=key, cluster=cluster)
    return accept_update(record, version, cluster=cluster)


def accept_delete(record: ObjectRecord | None, *, cluster: str, at: str) -> ObjectRecord:
    """Accept a delete: from now on no reader sees the object.

    Parameters
    ----------
    at
        Time of acceptance, RFC 3339.

    Raises
    ------
    ObjectNotFound
    """
    if record is None:
        raise ObjectNotFound("There is no such object.")
    if record.state is State.DELETING:
        return record
    return replace(
        record,
        state=State.DELETING,
        sweeper=cluster,
        current=None,
        pending=(),
        last=record.shown,
        obsolete=_with(record, record.current, *record.pending),
        last_modified=at,
    )


def record_digests(record: ObjectRecord | None, version: Version) -> ObjectRecord | None:
    """Record the computed digests of a pending version.

    Parameters
    ----------
    version
        The version with the computed ``md5``, ``sha256`` and ``parts_md5``.
    """
    found = record.find(version.id) if record else None
    if record is None or found is None or found.digested:
        return record
    known = replace(
        found,
        md5=version.md5,
        sha256=version.sha256,
        parts_md5=version.parts_md5,
        digested=True,
    )
    return replace(record, pending=tuple(known if one is found else one for one in record.pending))


def commit(
    record: ObjectRecord | None,
    version_id: str,
    stored: Iterable[str],
    tags: Mapping[str, str] | None = None,
) -> tuple[ObjectRecord | None, Outcome]:
    """Record that replicas of a version are stored on the clusters ``stored``.

    Readers see a version as soon as it is readable (asynchronous) or complete (synchronous,
    because its caller gets one answer for the whole). The version that it replaces becomes
    obsolete, and so does a leaving replica once the new one is stored. The object is CREATED
    when the version is complete and nothing is pending.

    Parameters
    ----------
    tags
        The services' tags of replicas that were written in parts, by cluster.

    Returns
    -------
    The next record (the same one if nothing changes) and the outcome for the version.
    """
    if record is None:
        return None, Outcome.GONE
    found = record.find(version_id)
    if found is None or record.state is State.DELETING:
        return record, Outcome.SUPERSEDED
    version = found.with_stored(stored, tags)
    outcome = Outcome.COMMITTED if version.is_complete else Outcome.INCOMPLETE
    current, pending, obsolete = record.current, record.pending, record.obsolete
    if found == current:
        current, obsolete = _without_leaving(record, version)
    elif version.is_complete or (version.is_readable and version.mode == "respond-async"):
        position = pending.index(found)
        obsolete = _with(record, current, *pending[:position])
        current = version
        pending = pending[position + 1 :]
    elif version.mode == "respond-async":
        pending = tuple(version if one is found else one for one in pending)
    else:
        return record, outcome
    next_record = replace(record, current=current, pending=pending, obsolete=obsolete)
    return _with_state(record, next_record), outcome


def abandon(
    record: ObjectRecord | None, version_id: str, *, reason: str, forget: bool
) -> tuple[ObjectRecord | None, Outcome]:
    """Give up a pending version that could not be stored.

    Parameters
    ----------
    reason
        The ``reason`` of a FAILED object.
    forget
        If the object has no other version: True removes it, because its caller gets the error;
        False keeps it as FAILED, because its caller has been answered already.
    """
    if record is None:
        return None, Outcome.GONE
    if record.current is not None and record.current.id == version_id:
        return record, Outcome.COMMITTED
    version = record.find(version_id)
    if version is None:
        return record, Outcome.SUPERSEDED
    rest = tuple(one for one in record.pending if one is not version)
    next_record = replace(record, pending=rest, obsolete=_with(record, version))
    if next_record.current is None and not rest:
        state = State.DELETING if forget else State.FAILED
        return replace(next_record, state=state, last=version, reason=reason), Outcome.INCOMPLETE
    return _with_state(record, next_record), Outcome.INCOMPLETE


def place_again(record: ObjectRecord | None, version: Version) -> ObjectRecord | None:
    """Replace the targets of a pending version whose replicas have not been started."""
    if record is None or not any(one.id == version.id for one in record.pending):
        return record
    return replace(
        record,
        pending=tuple(version if one.id == version.id else one for one in record.pending),
    )


def exchange(
    record: ObjectRecord | None,
    version_id: str,
    *,
    stored: Iterable[str],
    failed: Iterable[str],
    added: Mapping[str, Replica],
) -> ObjectRecord | None:
    """Replace failed targets of a pending version by spares.

    Parameters
    ----------
    stored
        Clusters that have stored their replica.
    failed
        Clusters that no longer hold a replica; whatever they have written is to be removed.
    added
        The spares' replicas, by cluster.
    """
    version = record.find(version_id) if record else None
    if record is None or version is None or version not in record.pending:
        return record
    given_up = set(failed)
    kept = version.with_stored(stored).replicas
    replicas = {name: one for name, one in kept.items() if name not in given_up}
    following = replace(version, replicas={**replicas, **added})
    return replace(
        record,
        pending=tuple(following if one is version else one for one in record.pending),
        obsolete=_with(record, _part(version, given_up)),
    )


class NewReplica(NamedTuple):
    """The replica that a move adds, and its cluster."""

    cluster: str
    replica: Replica


def move(
    record: ObjectRecord | None,
    version_id: str,
    *,
    source: str,
    target: NewReplica | None,
) -> ObjectRecord | None:
    """Start to move a replica of the current version; the old one stays until the new is stored.

    Parameters
    ----------
    target
        The replica to add; None: the replica is surplus and only leaves.
    """
    if record is None or record.current is None or record.current.id != version_id:
        return record
    replicas = record.current.replicas
    if source not in replicas or replicas[source].leaving:
        return record
    if target is not None and target.cluster in replicas:
        return record
    arriving = {target.cluster: target.replica} if target else {}
    leaving = replace(replicas[source], leaving=True)
    moving = replace(record.current, replicas={**replicas, source: leaving, **arriving})
    return replace(record, current=moving)


def lose(record: ObjectRecord | None, version_id: str, cluster: str) -> ObjectRecord | None:
    """Record that a stored replica is damaged or missing and must be written again.

    A CREATED object is UPDATING until then, because CREATED means that every replica is stored.
    """
    version = record.find(version_id) if record else None
    if record is None or version is None or cluster not in version.stored:
        return record
    replica = replace(version.replicas[cluster], stored=False, tag=None)
    damaged = replace(version, replicas={**version.replicas, cluster: replica})
    return replace(
        record,
        state=State.UPDATING if record.state is State.CREATED else record.state,
        current=damaged if record.current is version else record.current,
        pending=tuple(damaged if one is version else one for one in record.pending),
    )


def touch(record: ObjectRecord | None) -> ObjectRecord | None:
    """Return an equal record, so that writing it renews its place in the sweeper's index."""
    return record and replace(record)


def drop_obsolete(
    record: ObjectRecord, disposed: Iterable[tuple[Version, Version | None]]
) -> ObjectRecord | None:
    """Return the record without the obsolete versions that were disposed of.

    Parameters
    ----------
    disposed
        Obsolete versions, each with what is still to be disposed of, None for nothing. What became
        obsolete meanwhile stays.

    Returns
    -------
    None if nothing is left of a DELETING object.
    """
    pairs = list(disposed)

    def left(version: Version) -> Version | None:
        return next((rest for one, rest in pairs if one == version), version)

    obsolete = tuple(rest for one in record.obsolete if (rest := left(one)) is not None)
    if record.state is State.DELETING and not obsolete:
        return None
    return record if obsolete == record.obsolete else replace(record, obsolete=obsolete)


def _knows(record: ObjectRecord, version: Version) -> bool:
    """Whether the record has the version already, from a write whose reply was lost."""
    if record.find(version.id) is not None:
        return True
    if any(one.id == version.id for one in record.obsolete):
        raise Superseded("A later change of the object was accepted; this one was dropped.")
    return False


def _with(record: ObjectRecord, *versions: Version | None) -> tuple[Version, ...]:
    """Return the obsolete versions with ``versions`` added, trimmed to what removal needs."""
    trimmed = (replace(one, metadata={}, content_type="") for one in versions if one is not None)
    return (*record.obsolete, *trimmed)


def _part(version: Version, clusters: Iterable[str]) -> Version | None:
    """Return the version with only these replicas, to be removed; None if it has none of them."""
    named = set(clusters)
    part = {name: one for name, one in version.replicas.items() if name in named}
    return replace(version, replicas=part, staged=None) if part else None


def _without_leaving(record: ObjectRecord, version: Version) -> tuple[Version, tuple[Version, ...]]:
    """Return the current version without replicas that have moved, and the obsolete versions."""
    leaving = [name for name, one in version.replicas.items() if one.leaving]
    if not leaving or version.missing:
        return version, record.obsolete
    staying = {name: one for name, one in version.replicas.items() if name not in leaving}
    return replace(version, replicas=staying), _with(record, _part(version, leaving))


def _with_state(before: ObjectRecord, after: ObjectRecord) -> ObjectRecord:
    if after == before:
        return before
    settled = after.current is not None and after.current.is_complete and not after.pending
    return replace(after, state=State.CREATED if settled else before.state)
