"""What a record of a lost deployment is in the deployment that takes it over, as a pure function.

Staged content was lost with the old deployment. What was never stored anywhere is given up; what
was stored stays, and is made whole again from what is left.
"""

from collections.abc import Collection
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from mcos.model import lifecycle
from mcos.model.clusters import Registry
from mcos.model.deleted import Deleted, DeletedState
from mcos.model.kept import Kept
from mcos.model.objects import ObjectRecord, State
from mcos.model.reservation import is_reserved
from mcos.model.versions import Version
from mcos.placement.moves import gone_clusters

NOTHING_STORED = "Nothing of its content was stored when the catalog was lost."


class Fate(StrEnum):
    """What becomes of a record: whether it is taken over, and with all that it had.

    ``elsewhere``: only clusters that are not linked have copies. ``over``: nothing is left of it.
    """

    WHOLE = "whole"
    TRIMMED = "trimmed"
    ELSEWHERE = "elsewhere"
    OVER = "over"


class Imported(NamedTuple):
    """A record as it is taken over."""

    record: ObjectRecord
    fate: Fate


def take_over(record: ObjectRecord, registry: Registry) -> Imported:
    """Return a record as the new deployment can keep it; its revision stays.

    The removals that it owed stay owed, and so does the keeping of what users have deleted. No
    others are owed, but for those of a version that a stored one has replaced: a copy that was
    written in the last seconds before the loss, and that nobody recorded, may be the only one of
    what was acknowledged.

    Parameters
    ----------
    registry
        The new deployment's.
    """
    if is_reserved(record):
        return Imported(record, Fate.OVER)
    # What a transition removes from staging, and for whom, was the old deployment's affair.
    bare = replace(record, unstagings=(), sweeps=0, kept=_still_kept(record))
    if record.is_gone:
        if record.state is State.DELETING and not bare.owes:
            return Imported(record, Fate.OVER)
        bare = replace(bare, last=_unstaged(record.last))
        return Imported(bare, _fate(record, bare))
    gone = gone_clusters(record, registry)
    bare = _promoted(bare, gone)
    for cluster in gone:
        bare = lifecycle.write_off(bare, cluster)
    current = _unstaged(_stored(bare.current) or _stored(bare.previous))
    if current is None:
        if any(one.stored for one in record.versions):
            return Imported(record, Fate.ELSEWHERE)
        return Imported(given_up(record), Fate.TRIMMED)
    previous = _stored(bare.previous) if bare.current and bare.current.id == current.id else None
    removals = bare.removals
    if previous is not None and current.is_readable:
        removals, previous = (*removals, *previous.removals()), None
    state = record.state if record.state is not State.CREATED else State.UPDATING
    following = replace(
        bare,
        state=State.CREATED if current.is_complete else state,
        current=current,
        previous=_unstaged(previous),
        pending=(),
        removals=removals,
    )
    return Imported(following, _fate(record, following))


def still_deleted(found: Deleted, record: ObjectRecord | None) -> Deleted | None:
    """Return a deleted version as the new deployment can keep it: as one that waits.

    One that was being taken back waits again. It is due when it was before, which may be past.

    Parameters
    ----------
    record
        The object's in the new deployment.

    Returns
    -------
    None if it cannot be taken back: it is its object's version again or was removed, or nothing of
    it was stored.
    """
    kept, state = found.kept, found.state
    if state not in (DeletedState.KEPT, DeletedState.RESTORING) or not kept.version.has_copies:
        return None
    if record is not None and record.find(kept.version.id) is not None:
        return None
    if lifecycle.has_disposed_of(record, kept):
        return None
    due_at = found.due_at if state is DeletedState.KEPT else kept.due_at
    return replace(found, kept=_without_staged(kept), state=DeletedState.KEPT, due_at=due_at)


def given_up(record: ObjectRecord) -> ObjectRecord:
    """Return the record of an object of which nothing can be read: FAILED, with the reason."""
    return replace(
        record,
        state=State.FAILED,
        current=None,
        previous=None,
        pending=(),
        unstagings=(),
        kept=_still_kept(record),
        last=_unstaged(record.latest),
        reason=NOTHING_STORED,
        sweeps=0,
    )


def _promoted(record: ObjectRecord, gone: Collection[str]) -> ObjectRecord:
    """Return the record with a pending version as the current one, if it was stored whole."""
    whole = [
        one
        for one in record.pending
        if one.digested and one.is_complete and {*one.stored} - {*gone}
    ]
    if not whole:
        return record
    before = _stored(record.current) or _stored(record.previous)
    return replace(record, current=whole[-1], previous=before)


def _stored(version: Version | None) -> Version | None:
    return version if version is not None and version.has_copies else None


def _unstaged(version: Version | None) -> Version | None:
    return version and replace(version, staged=None)


def _still_kept(record: ObjectRecord) -> tuple[Kept, ...]:
    return tuple(_without_staged(one) for one in record.kept if one.version.has_copies)


def _without_staged(kept: Kept) -> Kept:
    return replace(kept, version=replace(kept.version, staged=None))


def _fate(before: ObjectRecord, after: ObjectRecord) -> Fate:
    """Whether anything is lost by a change: not if only what was staged twice is gone."""
    same = replace(
        before,
        unstagings=(),
        sweeps=0,
        current=_unstaged(before.current),
        previous=_unstaged(before.previous),
        last=_unstaged(before.last),
        kept=tuple(map(_without_staged, before.kept)),
    )
    return Fate.WHOLE if after == same else Fate.TRIMMED
