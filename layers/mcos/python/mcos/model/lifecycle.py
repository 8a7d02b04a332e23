"""The life of an object, as pure functions from one record to the next.

Every function here may be applied twice and out of order without harm: what does not apply any
more leaves the record as it is. Writers use them under optimistic concurrency (``mcos.catalog``),
which gives what it writes a revision of its own.

Two versions may be pending. What was acknowledged asynchronously must become visible even if a
later synchronous update fails, so a synchronous update does not displace it; everything else that
is pending is superseded by the version accepted after it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import StrEnum

from mcos.errors import ObjectBeingDeleted, ObjectExists, ObjectNotFound, Superseded
from mcos.model.objects import ObjectKey, ObjectRecord, Replica, State, Version


class Outcome(StrEnum):
    """What became of a version that was to be committed.

    ``incomplete``: replicas are missing still. ``superseded``: the record knows the version no
    more. ``gone``: nor is there a record. ``refused``: its content is not what it was said to be.
    """

    COMMITTED = "committed"
    INCOMPLETE = "incomplete"
    SUPERSEDED = "superseded"
    GONE = "gone"
    REFUSED = "refused"


def accept_create(
    record: ObjectRecord | None, version: Version, *, key: ObjectKey, cluster: str
) -> ObjectRecord:
    """Take a create: the object begins its life as CREATING.

    Parameters
    ----------
    record
        What the catalog has under the key; a FAILED object may be created again.
    key
        Account, container and name of the object.
    cluster
        The cluster that takes it.

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
    """Take an update: the new version waits beside the one that readers see.

    Raises
    ------
    ObjectNotFound
        There is no object, or it is FAILED or on its way out.
    Superseded
        It was taken before, and another one since.
    """
    if record is None or record.state in (State.DELETING, State.FAILED):
        raise ObjectNotFound("There is no such object to update.")
    if _knows(record, version):
        return record
    kept = tuple(
        one for one in record.pending if version.mode == "wait" and one.mode == "respond-async"
    )
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
    """Take a content for an object that may be there or not: an update if it is, else a create.

    Raises
    ------
    ObjectBeingDeleted, Superseded
    """
    if record is None or record.state in (State.FAILED, State.DELETING):
        return accept_create(record, version, key=key, cluster=cluster)
    return accept_update(record, version, cluster=cluster)


def accept_delete(record: ObjectRecord | None, *, cluster: str, at: str) -> ObjectRecord:
    """Take a delete: from here on no reader sees the object.

    Parameters
    ----------
    at
        When it is taken.

    Raises
    ------
    ObjectNotFound
    """
    if record is None:
        raise ObjectNotFound("There is no such object to delete.")
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
    """Record the digests of a pending version, which are known now.

    Parameters
    ----------
    version
        The version with ``md5``, ``sha256`` and ``parts_md5`` as they were computed.
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

    ``tags`` are the services' own, of replicas that were written in parts.

    A version becomes what readers see as soon as it is readable (asynchronous), or as it is
    complete (synchronous: its caller is told of success or failure as a whole). What it replaces
    becomes obsolete, and so does a replica that was leaving once the one in its place is stored.
    The object is CREATED when the version is complete and nothing is pending.

    Returns
    -------
    The next record (the same one if nothing changes) and what became of the version.
    """
    if record is None:
        return None, Outcome.GONE
    found = record.find(version_id)
    if found is None or record.state is State.DELETING:
        return record, Outcome.SUPERSEDED
    version = found.with_stored(stored, tags)
    outcome = Outcome.COMMITTED if version.complete else Outcome.INCOMPLETE
    current, pending, obsolete = record.current, record.pending, record.obsolete
    if found == current:
        current, obsolete = _without_leaving(record, version)
    elif version.complete or (version.readable and version.mode == "respond-async"):
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
        What a FAILED object shall say.
    forget
        Whether an object of which nothing else is left goes (its caller is told), or stays as
        FAILED (nobody was told).
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
    """Give a pending version of which no replica was begun other targets."""
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
    """Let spares stand in for targets of a pending version that failed.

    Parameters
    ----------
    stored
        Clusters whose replica is stored by now.
    failed
        Clusters that shall have none; what they may have of it is owed a removal.
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


def move(
    record: ObjectRecord | None,
    version_id: str,
    *,
    source: str,
    target: tuple[str, Replica] | None,
) -> ObjectRecord | None:
    """Begin to move a replica of the current version: it leaves when the new one is stored.

    Parameters
    ----------
    target
        The cluster that it moves to, and the replica there; None: it is one too many.
    """
    if record is None or record.current is None or record.current.id != version_id:
        return record
    replicas = record.current.replicas
    if source not in replicas or replicas[source].leaving:
        return record
    if target is not None and target[0] in replicas:
        return record
    arriving = dict([target] if target else [])
    leaving = replace(replicas[source], leaving=True)
    moving = replace(record.current, replicas={**replicas, source: leaving, **arriving})
    return replace(record, current=moving)


def lose(record: ObjectRecord | None, version_id: str, cluster: str) -> ObjectRecord | None:
    """Record that a replica that was stored is damaged or gone; it is to be written anew.

    An object that was CREATED is UPDATING until it is: CREATED says that every replica is there.
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
    """The same record, to be written once more: it was looked at."""
    return record and replace(record)


def drop_obsolete(record: ObjectRecord) -> ObjectRecord | None:
    """The record once everything obsolete is on its way out; None when the object is no more."""
    if record.state is State.DELETING:
        return None
    return replace(record, obsolete=())


def _knows(record: ObjectRecord, version: Version) -> bool:
    """Whether the record took the version already: a write whose reply was lost is tried again."""
    if record.find(version.id) is not None:
        return True
    if any(one.id == version.id for one in record.obsolete):
        raise Superseded("A later change of the object was accepted; this one was dropped.")
    return False


def _with(record: ObjectRecord, *versions: Version | None) -> tuple[Version, ...]:
    """What is obsolete once ``versions`` are too; of them only what their removal needs."""
    trimmed = (replace(one, metadata={}, content_type="") for one in versions if one is not None)
    return (*record.obsolete, *trimmed)


def _part(version: Version, clusters: Iterable[str]) -> Version | None:
    """Some replicas of a version, which are owed a removal while it lives on; None for none."""
    named = set(clusters)
    part = {name: one for name, one in version.replicas.items() if name in named}
    return replace(version, replicas=part, staged=None) if part else None


def _without_leaving(record: ObjectRecord, version: Version) -> tuple[Version, tuple[Version, ...]]:
    """The current version once its replicas have moved, and what is obsolete then."""
    leaving = [name for name, one in version.replicas.items() if one.leaving]
    if not leaving or version.missing:
        return version, record.obsolete
    staying = {name: one for name, one in version.replicas.items() if name not in leaving}
    return replace(version, replicas=staying), _with(record, _part(version, leaving))


def _with_state(before: ObjectRecord, after: ObjectRecord) -> ObjectRecord:
    if after == before:
        return before
    settled = after.current is not None and after.current.complete and not after.pending
    return replace(after, state=State.CREATED if settled else before.state)
