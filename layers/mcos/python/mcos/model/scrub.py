"""A scrub: the comparison of a backend with the catalog, both ways.

A run goes through legs, each page by page: the records, whose copies must be on the backend; the
copies on the backend, which records must name; parts of copies that were never completed; what is
staged; and the journal, of which what is not needed any more goes. Its whole state is in one item,
so a run goes on where a function ended.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any
from zlib import crc32

from mcos.model.documents import arguments, document_of, member
from mcos.model.jobs import JobState

KIND = "scrub"
"""Kind of its item in the table of jobs: one that releases without a scrub leave alone."""

REMOVED_AT_LEAST = 20
REMOVED_SHARE = 0.01
"""A run may remove this share of the copies that it has seen, but at least so many."""

MISSING_MORE_THAN = 10
MISSING_SHARE = 0.2
"""If more copies of a page are missing than both say, it is the backend that is wrong."""

REMEMBERED_AT_MOST = 1000
"""With more names of unfinished work, nothing of its kind is removed in the run."""


class Leg(StrEnum):
    """What a run goes through, in this order."""

    RECORDS = "records"
    DELETED = "deleted"
    UPLOADS = "uploads"
    COPIES = "copies"
    PARTS = "parts"
    STAGING = "staging"
    JOURNAL = "journal"


@dataclass(frozen=True)
class Counts:
    """What a run has found and done.

    Attributes
    ----------
    seen
        Copies that records say are on the backend; ``healthy`` are those that are, with the right
        size and tag, and with the right bytes where they were read.
    repaired
        Copies that were missing or wrong and were sent to the repair queue.
    unrepairable
        Copies that are missing or wrong while no other copy is stored.
    unreadable
        Copies of which the backend answered with an error, while it answered for others.
    moving
        Copies that records want and that are not stored yet: others see to them.
    unnamed
        Copies that records name and that carry no identity; ``renewed`` were sent to be written
        anew, with one.
    handed
        Copies that were sent to the repair queue to be read in full there.
    listed
        Keys that the backend listed.
    orphans
        What no record names and this deployment has written, longer ago than the grace;
        ``removed`` of it.
    sealed
        Copies whose identity only the operator's private key opens: whether a record names them
        cannot be told from them, and they stay.
    unknown
        What no record names and that has no identity, or another deployment's: it stays.
    bytes_read, calls
        Bytes that were read in full, also by the repair queue; calls of the backend.
    """

    seen: int = 0
    healthy: int = 0
    repaired: int = 0
    unrepairable: int = 0
    unreadable: int = 0
    moving: int = 0
    unnamed: int = 0
    renewed: int = 0
    handed: int = 0
    listed: int = 0
    nameless: int = 0
    orphans: int = 0
    removed: int = 0
    foreign: int = 0
    sealed: int = 0
    bytes_read: int = 0
    calls: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        names = [one.name for one in fields(self)]
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in names})

    @property
    def unknown(self) -> int:
        """What stays because nobody knows it: of what has no identity, what no record names."""
        return self.foreign + max(0, self.nameless - self.unnamed)


@dataclass(frozen=True)
class Scrub:
    """A run of a cluster's scrub, its last one. Times are RFC 3339.

    Attributes
    ----------
    id
        ULID of the run.
    rate
        Copies that it looks at per second, at most.
    full
        Whether it reads every copy in full, and not only those of its slot.
    mass_repair
        Whether an operator has said that whatever is missing is to be written anew.
    renew
        Whether copies without an identity are to be written anew.
    slots
        For each share of the copies, when the last run began that read it in full; None: never.
    slot
        The share that this run reads in full.
    reason
        Why it was stopped.
    waits
        Why it does not go on just now.
    held
        Why it has removed nothing of what it would have removed.
    cursor
        Position in the leg (opaque); None at its beginning.
    unfinished
        Keys of copies in parts that are being written for versions older than the grace, and
        places in staging that such versions have: what the later legs must not remove.
    pages
        Number of the next page on which is counted what accounts use, from 1; 0: it does not count.
    read_at
        When all was read that accounts use; None: it is not yet, or what was wrong was put right.
    leased_until
        Until when one function alone works on it.
    """

    id: str
    cluster: str
    rate: float
    created_at: str
    updated_at: str
    kind: str = KIND
    state: JobState | str = JobState.RUNNING
    full: bool = False
    mass_repair: bool = False
    renew: bool = False
    slots: tuple[str | None, ...] = ()
    slot: int = 0
    leg: Leg | str = Leg.RECORDS
    cursor: Any = None
    counts: Counts = field(default_factory=Counts)
    unfinished: tuple[str, ...] = ()
    reason: str | None = None
    waits: str | None = None
    held: str | None = None
    ended_at: str | None = None
    pages: int = 0
    read_at: str | None = None
    leased_until: str | None = None
    revision: str = ""
    unknown: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_running(self) -> bool:
        return self.state is JobState.RUNNING

    @property
    def oldest_full_reading(self) -> str | None:
        """When the run began since which every copy was read in full; None: not all were yet."""
        read = [one for one in self.slots if one is not None]
        return min(read) if read and len(read) == len(self.slots) else None

    @property
    def next_leg(self) -> Leg | None:
        """The leg that follows; None after the last."""
        legs = list(Leg)
        following = legs.index(Leg(self.leg)) + 1
        return legs[following] if following < len(legs) else None

    @property
    def may_remove(self) -> int:
        """How much more this run may remove."""
        at_most = max(REMOVED_AT_LEAST, int(self.counts.seen * REMOVED_SHARE))
        return at_most - self.counts.removed

    def reads_in_full(self, version_id: str) -> bool:
        """Whether the copies of a version are read in full in this run."""
        return self.full or slot_of(version_id, len(self.slots)) == self.slot

    def is_due(self, ended_before: str) -> bool:
        """Whether another run begins by itself; not after one that was stopped for a reason."""
        if self.state is JobState.DONE or (self.state is JobState.STOPPED and not self.reason):
            return (self.ended_at or self.updated_at) < ended_before
        return False

    def as_json(self) -> dict[str, Any]:
        return {
            **document_of(self),
            "counts": {one.name: getattr(self.counts, one.name) for one in fields(Counts)},
            "slots": list(self.slots),
            "unfinished": list(self.unfinished),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Scrub":
        known = {one.name for one in fields(Counts)}
        counts = {name: one for name, one in value.get("counts", {}).items() if name in known}
        return cls(
            **{
                **arguments(cls, value),
                "state": member(JobState, value["state"]),
                "leg": member(Leg, value.get("leg", Leg.RECORDS)),
                "counts": Counts(**counts),
                "slots": tuple(value.get("slots", ())),
                "unfinished": tuple(value.get("unfinished", ())),
            }
        )


def slot_of(version_id: str, slots: int) -> int:
    """Return the share, of so many, that a version belongs to."""
    return crc32(version_id.encode()) % max(slots, 1)


def new_run(
    run: str,
    before: Scrub | None,
    *,
    cluster: str,
    rate: float,
    slots: int,
    at: str,
    full: bool = False,
    mass_repair: bool = False,
    renew: bool = False,
) -> Scrub:
    """Return a run that begins at the moment ``at``, after the run ``before``.

    It reads the share in full whose last reading is the oldest.
    """
    read = before.slots if before else ()
    if len(read) != slots:
        read = (before.oldest_full_reading if before else None,) * slots
    return Scrub(
        run,
        cluster,
        rate,
        created_at=at,
        updated_at=at,
        full=full,
        mass_repair=mass_repair,
        renew=renew,
        slots=read,
        slot=min(range(slots), key=lambda number: read[number] or ""),
        revision=before.revision if before else "",
    )


def done(run: Scrub, *, at: str) -> Scrub:
    """Return a run after its last leg: what it has read in full counts from its beginning."""
    read = tuple(
        run.created_at if run.full or number == run.slot else one
        for number, one in enumerate(run.slots)
    )
    return replace(run, state=JobState.DONE, ended_at=at, slots=read, cursor=None, unfinished=())


def stopped(run: Scrub, reason: str | None, *, at: str) -> Scrub:
    """Return a run that has ended before it was done; ``reason`` None: an operator wanted it."""
    return replace(
        run, state=JobState.STOPPED, reason=reason, waits=None, ended_at=at, unfinished=()
    )


def is_wrong_as_a_whole(*, looked_at: int, missing: int) -> bool:
    """Whether so many copies of a page are missing that the backend must be another one."""
    return missing > MISSING_MORE_THAN and missing > looked_at * MISSING_SHARE
