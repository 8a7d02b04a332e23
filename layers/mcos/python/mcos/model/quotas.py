"""Quotas of accounts: what an account uses, what it may use, and what room is left.

Usage is counted behind the calls, from the streams of the tables, and is put right by the scrubs:
see ``mcos.workers.count_usage`` and ``mcos.catalog.usage``.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

from mcos import limits
from mcos.model.accounts import Given
from mcos.model.deleted import Deleted, DeletedState
from mcos.model.documents import arguments, document_of
from mcos.model.names import is_id
from mcos.model.objects import ObjectRecord, State
from mcos.model.uploads import Upload, UploadState


@dataclass(frozen=True)
class Quota:
    """What an account may use; None: as much as it likes.

    Attributes
    ----------
    bytes
        Of its objects, of what it has deleted until that is removed, and of uploads under way.
    objects
        Its objects, and what it has deleted until that is removed.
    uploads
        Uploads under way.
    writes_per_second
        Creates, updates, and uploads that are begun, on the average: see ``Usage.with_writes``.
    """

    bytes: int | None = None
    objects: int | None = None
    uploads: int | None = None
    writes_per_second: float | None = None


FIELDS = tuple(one.name for one in fields(Quota))


def quota_of(default: Given, own: Given) -> Quota:
    """Return the quota of an account: its own fields, and the default of those that it has not."""
    given = {**default, **own}
    return Quota(**{name: given.get(name) for name in FIELDS})  # type: ignore[arg-type]


class Amount(NamedTuple):
    """Bytes, objects and uploads under way: used, left, or a difference."""

    bytes: int = 0
    objects: int = 0
    uploads: int = 0

    def plus(self, other: "Amount") -> "Amount":
        return Amount(*(a + b for a, b in zip(self, other, strict=True)))

    def minus(self, other: "Amount") -> "Amount":
        return Amount(*(a - b for a, b in zip(self, other, strict=True)))

    def between(self, least: "Amount", most: "Amount") -> "Amount":
        """Return this amount, or what of ``least`` and ``most`` is the nearest to it."""
        return Amount(*(min(max(a, b), c) for a, b, c in zip(self, least, most, strict=True)))


NOTHING = Amount()


def amount_of_record(record: ObjectRecord | None) -> Amount:
    """Return what the record of an object counts for."""
    if record is None:
        return NOTHING
    kept = [one.version.size for one in record.kept]
    is_there = record.state is not State.DELETING
    return Amount(sum(one.size for one in record.versions) + sum(kept), is_there + len(kept))


def amount_of_deleted(deleted: Deleted | None) -> Amount:
    """Return what a deleted version counts for that waits to be taken back or removed."""
    if deleted is None or deleted.state not in (DeletedState.KEPT, DeletedState.RESTORING):
        return NOTHING
    return Amount(deleted.kept.version.size, 1)


def amount_of_upload(upload: Upload | None) -> Amount:
    """Return what an upload counts for: from its beginning on, the bytes that it was said to have.

    Once its version is accepted, that counts.
    """
    under_way = (UploadState.OPEN, UploadState.TAKING)
    if upload is None or upload.is_event or upload.state not in under_way:
        return NOTHING
    return Amount(upload.size or 0, 0, 1)


def writes_between(old: ObjectRecord | None, new: ObjectRecord | None) -> int:
    """Return how many versions a change of a record has accepted that count as writes.

    What was taken back does not, and an upload was counted when it was begun.
    """
    before = {one.id for one in old.versions} if old else set()
    return sum(
        one.id not in before and not one.restored_from and not is_id(one.taken_from or "")
        for one in (new.versions if new else ())
    )


def uploads_begun_between(old: Upload | None, new: Upload | None) -> int:
    """Return how many uploads were begun, which count as writes; 0 or 1."""
    return int(old is None and new is not None and not new.is_event)


class Room(NamedTuple):
    """What an account may still use; each None: as much as it likes.

    Attributes
    ----------
    until
        Unix time; until then it may not write. None: it may.
    """

    bytes: int | None = None
    objects: int | None = None
    uploads: int | None = None
    until: int | None = None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Room":
        return cls(**{name: one for name, one in value.items() if name in cls._fields})


@dataclass(frozen=True)
class Usage:
    """What an account uses, as it is counted.

    Attributes
    ----------
    added, removed
        All that changes have ever added and removed, as far as they were counted.
    corrected
        What scrubs have added to the difference of both, to put it right.
    owed
        Writes that the account had made at ``owed_at`` (Unix time) beyond its rate.
    own
        What operators have given of its quota.
    counted
        Marks of the changes that were counted last: those that come again are not counted again.
    """

    added: Amount = NOTHING
    removed: Amount = NOTHING
    corrected: Amount = NOTHING
    owed: float = 0
    owed_at: float = 0
    own: Given = field(default_factory=dict)
    counted: tuple[str, ...] = ()
    unknown: Mapping[str, Any] = field(default_factory=dict)

    @property
    def used(self) -> Amount:
        """What is used; less than nothing until a scrub has seen what was there before."""
        return self.added.minus(self.removed).plus(self.corrected)

    def without(self, upload: Upload) -> "Usage":
        """Return the usage as if an upload, which counts, were not there."""
        return replace(self, removed=self.removed.plus(amount_of_upload(upload)))

    @property
    def shown(self) -> Amount:
        """What is used, for people."""
        return Amount(*(max(0, one) for one in self.used))

    def with_writes(self, writes: int, at: float, rate: float | None) -> "Usage":
        """Return the usage after more writes.

        An account may write as fast as it likes until it has made ``limits.QUOTA_WRITE_SECONDS`` of
        its rate more than its rate allows. What it writes beyond, until functions know of it, it
        owes: it may not write again before that is paid by time. So the rate holds on the average.

        Parameters
        ----------
        at
            When the last of them was made, Unix time: by the time of the changes, not of counting,
            so a stream that is late makes no burst of what was none.
        """
        if rate is None:
            return replace(self, owed=0, owed_at=0)
        paid = max(0.0, at - self.owed_at) * rate
        return replace(
            self, owed=max(0.0, self.owed - paid) + writes, owed_at=max(at, self.owed_at)
        )

    def room(self, quota: Quota) -> Room:
        """Return what is left of a quota."""
        used, rate = self.used, quota.writes_per_second
        left = [
            None if most is None else max(0, most - one)
            for most, one in zip((quota.bytes, quota.objects, quota.uploads), used, strict=True)
        ]
        return Room(left[0], left[1], left[2], None if rate is None else self._paid_at(rate))

    def _paid_at(self, rate: float) -> int | None:
        """Return when the account may write again, Unix time; None: it may."""
        beyond = self.owed - rate * limits.QUOTA_WRITE_SECONDS
        return math.ceil(self.owed_at + beyond / rate) if beyond > 0 else None

    def put_right(self, seen: Amount, base: "Usage") -> "Usage":
        """Return the usage after all was read, while changes went on.

        What was read may or may not have what has changed meanwhile. So the truth is between what
        was read without all that was added, and with all that was removed, since; a count between
        the two stays, and any other becomes the nearer of the two. Neither makes it worse.

        Parameters
        ----------
        seen
            What was read.
        base
            The usage before anything was read.
        """
        least = seen.minus(self.removed.minus(base.removed))
        most = seen.plus(self.added.minus(base.added))
        right = self.used.between(least, most)
        return replace(self, corrected=self.corrected.plus(right.minus(self.used)))

    def as_json(self) -> dict[str, Any]:
        return {
            **document_of(self),
            "added": list(self.added),
            "removed": list(self.removed),
            "corrected": list(self.corrected),
            "counted": list(self.counted),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Usage":
        amounts = {name: Amount(*value.get(name, ())) for name in ("added", "removed", "corrected")}
        counted = tuple(value.get("counted", ()))
        return cls(**{**arguments(cls, value), **amounts, "counted": counted})


def is_full(room: Room, now: float) -> bool:
    """Whether the next call of an account may need more room than it has."""
    return (
        (room.bytes is not None and room.bytes < limits.CONTENT_BYTES)
        or (room.objects is not None and room.objects < 1)
        or (room.uploads is not None and room.uploads < 1)
        or (room.until is not None and room.until > now)
    )
