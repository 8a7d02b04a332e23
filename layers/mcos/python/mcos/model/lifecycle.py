"""The life of an object, as pure functions from one record to the next.

Every function may be applied twice and out of order without harm: a transition that no longer
applies returns the record unchanged. Writers use them under optimistic concurrency
(``mcos.catalog``), which gives each written record a new revision.

What is acknowledged is what readers see: an asynchronous version is current as soon as it is
accepted and digested, although it is only staged. Until enough of its replicas are stored, the last
version that has enough stays beside it, as the previous one.

A version that may still be refused is pending, and displaces nothing: a synchronous one, which
fails as a whole, and one whose content is not digested yet, which may not be what its sender said.
Several may be pending, the oldest first; each becomes current in its turn, or is dropped for a
later one.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any, NamedTuple

from mcos import limits
from mcos.errors import Conflict, ObjectExists, ObjectNotFound, Superseded
from mcos.model.kept import Grace, Kept
from mcos.model.objects import ObjectKey, ObjectRecord, State
from mcos.model.versions import Loan, Removal, Replica, Staged, Stored, Version

_PENDING_AT_MOST = 8
"""More would make the record large; each is a change that was acknowledged and is not digested."""

_OWED_AT_MOST = 128
"""More removals than this, or unstagings, would make the record large."""

_KEPT_AT_MOST = 8
"""The same for deleted versions, which a record has only until they are in their own table."""

LENT_AT_MOST = 32
"""Versions may be copied from one at a time."""

_FEW = 8
"""Versions and debts of which the largest make no large record."""


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
        The record under the key; None if there is none. A FAILED object may be created again, and
        so may one that is DELETING: what is still to be removed stays owed.
    key
        Account, container and name of the object.
    cluster
        The cluster that accepts it.

    Raises
    ------
    ObjectExists, Superseded, Conflict
    """
    account, container, name = key
    if record is not None:
        if _knows(record, version):
            return record
        if not record.is_gone:
            raise ObjectExists(f"Object {name!r} exists in container {container!r}.")
        _check_owed(record)
    accepted = ObjectRecord(
        account=account,
        container=container,
        name=name,
        state=State.CREATING,
        sweeper=cluster,
        created_at=version.created_at,
        last_modified=version.created_at,
        pending=(version,),
        removals=record.removals if record else (),
        unstagings=record.unstagings if record else (),
        kept=record.kept if record else (),
    )
    return _show(accepted, version) if version.is_acknowledged else accepted


def accept_update(record: ObjectRecord | None, version: Version, *, cluster: str) -> ObjectRecord:
    """Accept an update: readers see the new version now, or it is pending beside the one they see.

    Raises
    ------
    ObjectNotFound
        There is no object, or it is FAILED or DELETING.
    Superseded
        The version was accepted before, and another one since.
    Conflict
        Too many versions of the object are pending, or still to be removed.
    """
    if record is None or record.is_gone:
        raise ObjectNotFound("An object must exist to be updated.")
    if _knows(record, version):
        return record
    _check_owed(record)
    # A synchronous change is always superseded by a later one.
    kept = tuple(one for one in record.pending if one.mode == "respond-async")
    accepted = replace(
        _dropping(record, *(one for one in record.pending if one not in kept)),
        state=State.UPDATING,
        sweeper=cluster,
        pending=(*kept, version),
        last_modified=version.created_at,
        reason=None,
    )
    if version.is_acknowledged:
        return _show(accepted, version)
    if len(kept) >= _PENDING_AT_MOST:
        raise Conflict("Too many changes of the object are under way; try again later.")
    return accepted


def accept_put(
    record: ObjectRecord | None, version: Version, *, key: ObjectKey, cluster: str
) -> ObjectRecord:
    """Accept an update if the object exists, else a create.

    Raises
    ------
    Superseded, Conflict
    """
    if record is None or record.is_gone:
        return accept_create(record, version, key=key, cluster=cluster)
    return accept_update(record, version, cluster=cluster)


def describe(record: ObjectRecord, described: Version) -> ObjectRecord:
    """Replace what describes a version of a record; its content and copies stay as they are.

    Parameters
    ----------
    described
        The version with its new type, metadata and headers, and ``described_at``.
    """
    found = record.find(described.id)
    if found is None:
        return record
    following = _with_version(record, found, described)
    return replace(following, last_modified=described.changed_at)


def accept_delete(
    record: ObjectRecord | None, *, cluster: str, at: str, grace: Grace | None = None
) -> ObjectRecord:
    """Accept a delete: from now on no reader sees the object.

    Parameters
    ----------
    at
        Time of acceptance, RFC 3339.
    grace
        How long the version that readers saw is kept, if there is one; None: it is not.

    Raises
    ------
    ObjectNotFound
    """
    if record is None:
        raise ObjectNotFound("There is no such object.")
    if record.state is State.DELETING:
        return record
    current = record.current if grace else None
    following = _dropping(
        record, None if current else record.current, record.previous, *record.pending
    )
    if grace and current:
        kept = Kept(current, grace.deletion, record.created_at, at, grace.due_at)
        unstored = [name for name, one in current.replicas.items() if not one.stored]
        # Their writes may come late. Whoever takes the version back wants other copies.
        owed = [
            replace(one, taken_from="", restored_from="")
            for one in current.removals(unstored)
            if one.late
        ]
        following = replace(_owing(following, owed), kept=(*record.kept, kept))
    return replace(
        following,
        state=State.DELETING,
        sweeper=cluster,
        current=None,
        previous=None,
        pending=(),
        last=record.shown,
        last_modified=at,
    )


def accept_undelete(
    record: ObjectRecord | None,
    kept: Kept,
    *,
    key: ObjectKey,
    cluster: str,
    incarnations: Mapping[str, str],
) -> ObjectRecord:
    """Accept that a deleted version is taken back: it is the object's current one again.

    Parameters
    ----------
    record
        The record under the key, as for ``accept_create``.
    incarnations
        Of the copies that its replicas get that are not stored, by cluster.

    Raises
    ------
    ObjectExists
    """
    account, container, name = key
    if record is not None and not record.is_gone:
        raise ObjectExists(f"Object {name!r} exists in container {container!r}.")
    version = replace(
        kept.version,
        restored_from=kept.deletion,
        replicas={
            name: one if one.stored else replace(one, incarnation=incarnations[name])
            for name, one in kept.version.replicas.items()
        },
    )
    return ObjectRecord(
        account=account,
        container=container,
        name=name,
        state=State.CREATED if version.is_settled else State.UPDATING,
        sweeper=cluster,
        created_at=kept.created_at,
        last_modified=version.changed_at,
        current=version,
        admitted=True,  # who takes it back has seen the container
        removals=record.removals if record else (),
        unstagings=record.unstagings if record else (),
        kept=record.kept if record else (),
    )


def has_disposed_of(record: ObjectRecord | None, kept: Kept) -> bool:
    """Whether a record owes the removal of a deleted version, after it was taken back."""
    return record is not None and any(
        one.version == kept.version.id and one.restored_from == kept.deletion
        for one in record.removals
    )


def record_digests(record: ObjectRecord | None, version: Version) -> ObjectRecord | None:
    """Record the computed digests of a pending version: from now on readers see it.

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
    following = _with_version(record, found, known)
    return _show(following, known) if known.is_acknowledged else following


def commit(
    record: ObjectRecord | None, version_id: str, stored: Mapping[str, Stored]
) -> tuple[ObjectRecord | None, Outcome]:
    """Record that replicas of a version are stored.

    A synchronous version becomes current when it is complete, because its caller gets one answer
    for the whole. The versions that it replaces are dropped, and so are leaving replicas once no
    other is missing, and a damaged copy once another one has replaced it. The object is CREATED
    when the current version is complete and nothing is pending.

    Parameters
    ----------
    stored
        The copies that were stored, by cluster; those that the record does not have are ignored.

    Returns
    -------
    The next record (the same one if nothing changes) and the outcome for the version.
    """
    if record is None:
        return None, Outcome.GONE
    found = record.find(version_id)
    if found is None or record.state is State.DELETING:
        return record, Outcome.SUPERSEDED
    version = found.with_stored(stored)
    outcome = Outcome.COMMITTED if version.is_complete else Outcome.INCOMPLETE
    is_pending = found in record.pending
    if is_pending and found.mode == "wait" and not version.is_complete:
        return record, outcome
    following = _owing(_with_version(record, found, version), _replaced(found, version))
    if version != found:
        following = replace(following, admitted=True)  # or nothing would have been written
    if is_pending and (version.is_complete or (version.is_readable and version.is_acknowledged)):
        following = _show(following, version)
    elif not is_pending:
        following = _without_leaving(_without_previous(following))
    return _with_state(record, following), outcome


def abandon(
    record: ObjectRecord | None, version_id: str, *, reason: str, forget: bool
) -> tuple[ObjectRecord | None, Outcome]:
    """Give up a version that could not be stored.

    The current version is given up only if nothing of it is stored: its staged content was lost.
    Then readers see the previous one again.

    Parameters
    ----------
    reason
        The ``reason`` of a FAILED object, or of one whose acknowledged change is given up.
    forget
        If the object has no other version: True removes it, because its caller gets the error;
        False keeps it as FAILED, because its caller has been answered already.
    """
    if record is None:
        return None, Outcome.GONE
    version = record.find(version_id)
    if version is None or version == record.previous:
        return record, Outcome.SUPERSEDED
    current, previous = record.current, record.previous
    if version == current:
        if version.stored:
            return record, Outcome.COMMITTED
        current, previous = previous, None
    rest = tuple(one for one in record.pending if one != version)
    following = replace(
        _dropping(record, version), current=current, previous=previous, pending=rest
    )
    if current is None and not rest:
        state = State.DELETING if forget else State.FAILED
        return replace(following, state=state, last=version, reason=reason), Outcome.INCOMPLETE
    if version.mode == "respond-async" and not forget:
        following = replace(following, reason=reason)  # nobody else will tell its caller
    return _with_state(record, following), Outcome.INCOMPLETE


def place_again(record: ObjectRecord | None, version: Version) -> ObjectRecord | None:
    """Replace the targets of a version whose replicas have not been started."""
    found = record.find(version.id) if record else None
    if record is None or found is None or found.stored:
        return record
    return _with_version(record, found, replace(found, **_placement(version)))


def _placement(version: Version) -> dict[str, Any]:
    names = ("storage_policy", "readable_from", "replicas")
    return {name: getattr(version, name) for name in names}


def exchange(
    record: ObjectRecord | None,
    version_id: str,
    *,
    stored: Mapping[str, Stored],
    failed: Iterable[str],
    added: Mapping[str, Replica],
) -> ObjectRecord | None:
    """Replace failed targets of a pending version by spares.

    Parameters
    ----------
    stored
        The copies that were stored, by cluster.
    failed
        Clusters that no longer hold a replica; whatever they have written is to be removed.
    added
        The spares' replicas, by cluster.
    """
    version = record.find(version_id) if record else None
    if record is None or version is None or version not in record.pending:
        return record
    given_up = set(failed) & set(version.replicas)
    kept = version.with_stored(stored).replicas
    replicas = {name: one for name, one in kept.items() if name not in given_up}
    following = replace(version, replicas={**replicas, **added})
    return _owing(_with_version(record, version, following), version.removals(given_up))


def lend(
    record: ObjectRecord | None, version_id: str, loan: Loan, *, ended: Collection[Loan] = ()
) -> ObjectRecord | None:
    """Record that a version is copied from one: the copies of the lender stay for it.

    Parameters
    ----------
    ended
        Earlier loans that nobody needs any more.

    Raises
    ------
    Conflict
        Too many copies of the version are being made.
    """
    found = record.find(version_id) if record else None
    if record is None or found is None or loan in found.lent_to:
        return record
    kept = tuple(one for one in found.lent_to if one not in ended)
    if len(kept) >= LENT_AT_MOST:
        raise Conflict("Too many copies of the object are being made; try again later.")
    return _with_version(record, found, replace(found, lent_to=(*kept, loan)))


def retain(record: ObjectRecord | None, version_id: str, until: str | None) -> ObjectRecord | None:
    """Record until when a version is retained; see ``Version.retained_until``."""
    found = record.find(version_id) if record else None
    if record is None or found is None or found.retained_until == until:
        return record
    return _with_version(record, found, replace(found, retained_until=until))


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


def lose(
    record: ObjectRecord | None, version_id: str, cluster: str, *, copy: str, by: str
) -> ObjectRecord | None:
    """Record that a copy of a replica is damaged or missing, and that another one replaces it.

    The damaged copy stays until the other one is stored: it may not be damaged after all. A CREATED
    object is UPDATING until then: CREATED means that every replica is stored. The last stored copy
    is never given up: what made it look damaged may pass, and there is nothing to replace it by.

    Parameters
    ----------
    copy
        Incarnation of the damaged copy; if the replica has another one by now, nothing changes.
    by
        Incarnation of the new copy.
    """
    version = record.find(version_id) if record else None
    replica = version.replicas.get(cluster) if version else None
    if record is None or version is None or replica is None or replica.incarnation != copy:
        return record
    if version.stored == (cluster,):
        return record
    owed: tuple[Removal, ...] = ()
    if replica.leaving:
        after = replace(replica, stored=False)
    elif replica.stored:
        after = Replica(replica.backend, by, replaces=copy)
    else:  # it was written wrong, and never counted
        after = replace(replica, incarnation=by)
        owed = (
            Removal(
                cluster, version.id, copy, in_parts=version.part_size > 0, late=True, why="damaged"
            ),
        )
    if after == replica:
        return record
    damaged = replace(version, replicas={**version.replicas, cluster: after})
    following = _owing(_with_version(record, version, damaged), owed)
    return replace(
        following, state=State.UPDATING if record.state is State.CREATED else record.state
    )


def write_off(record: ObjectRecord, cluster: str) -> ObjectRecord:
    """Return the record without counting what a cluster had stored that never comes back.

    What was staged of a version is gone once all its replicas were stored. The version before the
    current one gets no other replica in its place: it goes when the current one is stored, which
    one that is written all the time may never be.
    """

    def without(version: Version | None) -> Version | None:
        if version is None or cluster not in version.stored:
            return version
        replica = replace(version.replicas[cluster], stored=False, replaces=None)
        return replace(
            version,
            staged=None if version.is_complete else version.staged,
            replicas={**version.replicas, cluster: replica},
        )

    def removed(version: Version | None) -> Version | None:
        if version is None:
            return None
        others = {name: one for name, one in version.replicas.items() if name != cluster}
        staged = version.staged
        was_unstaged = cluster in version.stored and version.is_complete
        if was_unstaged or (staged is not None and staged.cluster == cluster):
            staged = None
        return replace(version, replicas=others, staged=staged) if others else None

    following = replace(record, current=without(record.current), previous=removed(record.previous))
    if following == record:
        return record
    is_created = record.state is State.CREATED
    return replace(following, state=State.UPDATING if is_created else record.state)


def give_way(record: ObjectRecord, cluster: str) -> ObjectRecord:
    """Return the record whose version before the current one is not on a cluster any more.

    Only if it is readable without it. It gets no other replica in its place; see ``write_off``.
    """
    version = record.previous
    if version is None or cluster not in version.replicas:
        return record
    others = {name: one for name, one in version.replicas.items() if name != cluster}
    thinner = replace(version, replicas=others)
    if len(thinner.stored) < version.readable_from:
        return record
    owed = [replace(one, why="moved") for one in version.removals([cluster])]
    return _owing(replace(record, previous=thinner), owed)


def add(record: ObjectRecord, added: Mapping[str, Replica]) -> ObjectRecord:
    """Return the record whose current version has more replicas to be written, by cluster."""
    version = record.current
    if version is None or not added:
        return record
    wider = replace(version, replicas={**added, **version.replicas})
    is_created = record.state is State.CREATED
    return replace(record, current=wider, state=State.UPDATING if is_created else record.state)


def touch(
    record: ObjectRecord | None, *, admitted: bool = False, missed_at: str | None = None
) -> ObjectRecord | None:
    """Return the record after a sweeper has looked at it; it looks again later each time.

    Parameters
    ----------
    admitted
        Whether the sweeper has seen its container.
    missed_at
        Now, RFC 3339, if the sweeper missed its container or its staged content.
    """
    return record and replace(
        record,
        sweeps=record.sweeps + 1,
        admitted=record.admitted or admitted,
        missed_since=missed_at and (record.missed_since or missed_at),
    )


def pay(
    record: ObjectRecord,
    removals: Iterable[Removal],
    unstagings: Iterable[Staged],
    kept: Iterable[Kept] = (),
) -> ObjectRecord | None:
    """Return the record without what it owed and was seen to: removals, unstagings, kept versions.

    Returns
    -------
    None if nothing is left of a DELETING object.
    """
    seen_to, unstaged = set(removals), set(unstagings)
    deletions = {one.deletion for one in kept}
    following = replace(
        record,
        removals=tuple(one for one in record.removals if one not in seen_to),
        unstagings=tuple(one for one in record.unstagings if one not in unstaged),
        kept=tuple(one for one in record.kept if one.deletion not in deletions),
    )
    if record.state is State.DELETING and not following.owes:
        return None
    return record if following == record else following


def _knows(record: ObjectRecord, version: Version) -> bool:
    """Whether the record has the version already, from a write whose reply was lost."""
    if record.find(version.id) is not None:
        return True
    dropped = any(one.version == version.id for one in record.removals)
    dropped = dropped or any(one.version.id == version.id for one in record.kept)
    if dropped or (version.staged is not None and version.staged in record.unstagings):
        raise Superseded("A later change of the object was accepted; this one was dropped.")
    return False


def _check_owed(record: ObjectRecord) -> None:
    owed = max(len(record.removals), len(record.unstagings))
    too_much = owed > _OWED_AT_MOST or len(record.kept) >= _KEPT_AT_MOST
    # Most records have so little that their size need not be known.
    if owed + len(record.versions) + len(record.kept) > _FEW:
        too_much = too_much or len(json.dumps(record.as_json())) > limits.RECORD_BYTES
    if too_much:
        raise Conflict("Too much of the object's earlier versions is still to be removed.")


def _show(record: ObjectRecord, version: Version) -> ObjectRecord:
    """Let readers see a pending version: it becomes the current one.

    Versions accepted before it are dropped, but for the last that enough replicas have, until the
    new one has as many.
    """
    position = record.pending.index(version)
    dropped = record.pending[:position]
    seen = tuple(one for one in (record.current, record.previous) if one is not None)
    previous = next((one for one in seen if one.is_readable and not version.is_readable), None)
    return replace(
        _dropping(record, *dropped, *(one for one in seen if one is not previous)),
        current=version,
        previous=previous,
        pending=record.pending[position + 1 :],
    )


def _dropping(record: ObjectRecord, *versions: Version | None) -> ObjectRecord:
    """Return the record owing the removal of versions; it must not have them any more."""
    dropped = [one for one in versions if one is not None]
    return replace(
        record,
        removals=record.removals
        + tuple(replace(one, lent_to=old.lent_to) for old in dropped for one in old.removals()),
        unstagings=record.unstagings + tuple(old.staged for old in dropped if old.staged),
    )


def _owing(record: ObjectRecord, removals: Iterable[Removal]) -> ObjectRecord:
    return replace(record, removals=(*record.removals, *removals))


def _with_version(record: ObjectRecord, before: Version, after: Version) -> ObjectRecord:
    """Return the record with a version changed, wherever it has it."""
    return replace(
        record,
        current=after if record.current == before else record.current,
        previous=after if record.previous == before else record.previous,
        pending=tuple(after if one == before else one for one in record.pending),
    )


def _replaced(before: Version, after: Version) -> tuple[Removal, ...]:
    """Return the removals of damaged copies that others have replaced by now."""
    return tuple(
        Removal(name, before.id, one.replaces, in_parts=before.part_size > 0, why="damaged")
        for name, one in before.replicas.items()
        if one.replaces is not None and after.replicas[name].stored
    )


def _without_previous(record: ObjectRecord) -> ObjectRecord:
    """Drop the previous version once the current one does not need it."""
    if record.previous is None or record.current is None or not record.current.is_readable:
        return record
    return replace(_dropping(record, record.previous), previous=None)


def _without_leaving(record: ObjectRecord) -> ObjectRecord:
    """Drop the replicas of the current version that have moved."""
    version = record.current
    leaving = [name for name, one in version.replicas.items() if one.leaving] if version else []
    if version is None or not leaving or version.missing:
        return record
    staying = {name: one for name, one in version.replicas.items() if name not in leaving}
    owed = [replace(one, why="moved") for one in version.removals(leaving)]
    return replace(_owing(record, owed), current=replace(version, replicas=staying))


def _with_state(before: ObjectRecord, after: ObjectRecord) -> ObjectRecord:
    if after == before:
        return before
    settled = after.current is not None and after.current.is_complete and not after.pending
    return replace(after, state=State.CREATED if settled else before.state)
