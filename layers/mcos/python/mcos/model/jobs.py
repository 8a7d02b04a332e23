"""Jobs: long work that an operator starts, watches and stops, and that clusters do page by page.

A drain moves every replica off a cluster; the job of a lost cluster has every replica that it had
written elsewhere, without its help; a rebalance moves replicas to where the resolver places
them now. Both go through all objects in passes, until a pass finds nothing left to do. A job's
whole state is in its item, so any cluster can continue it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mcos.model.documents import arguments, document_of, member


class JobKind(StrEnum):
    """DRAIN empties ``Job.cluster``, LOSE replaces it; REBALANCE concerns all clusters."""

    DRAIN = "drain"
    LOSE = "lose"
    REBALANCE = "rebalance"


class JobState(StrEnum):
    """RUNNING until it is DONE, or STOPPED by an operator; moved replicas stay moved.

    PROPOSED: it begins when the registry names it; see ``mcos.catalog.jobs``.
    """

    PROPOSED = "PROPOSED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    STOPPED = "STOPPED"


@dataclass(frozen=True)
class Job:
    """A job and its progress. Times are RFC 3339.

    Attributes
    ----------
    rate
        Most replicas that it starts to move per second.
    passes
        Number of completed passes over all objects.
    cursor
        Position in the current pass (opaque); None at its beginning.
    pass_started_at
        When the current pass began; None between two passes.
    examined, waiting, stuck
        Objects examined in this pass; how many are still misplaced; how many of those cannot be
        moved because too few clusters take replicas. Between two passes, ``stuck`` is that of the
        last one.
    moved
        Replicas that it has started to move, in all passes.
    remaining
        ``waiting`` of the last completed pass; None before the first.
    leased_until
        Until when one cluster alone works on it; None: no cluster does.
    unknown
        Fields of a newer release. A kind or state of a newer release is a text.
    """

    id: str
    kind: JobKind | str
    cluster: str | None
    rate: float
    created_at: str
    updated_at: str
    state: JobState | str = JobState.RUNNING
    passes: int = 0
    cursor: dict[str, Any] | None = None
    pass_started_at: str | None = None
    examined: int = 0
    waiting: int = 0
    stuck: int = 0
    moved: int = 0
    remaining: int | None = None
    leased_until: str | None = None
    revision: str = ""
    unknown: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return document_of(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Job":
        return cls(
            **{
                **arguments(cls, value),
                "kind": member(JobKind, value["kind"]),
                "state": member(JobState, value["state"]),
            }
        )


def new_job(job_id: str, kind: JobKind, *, cluster: str | None, rate: float, at: str) -> Job:
    """Return a job that is PROPOSED at the moment ``at``."""
    return Job(
        job_id,
        kind,
        cluster,
        rate,
        created_at=at,
        updated_at=at,
        state=JobState.PROPOSED,
        revision=job_id,
    )
