"""Jobs: what an operator starts, watches and stops, and clusters work at for as long as it takes.

A drain moves every replica off a cluster; a rebalance moves replicas to where the resolver wants
them now. Both go through all objects in passes, until a pass finds nothing left to do. All that a
job knows is in its item, so any cluster can go on where another one stopped.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class JobKind(StrEnum):
    """DRAIN empties ``Job.cluster``; REBALANCE is about all clusters."""

    DRAIN = "drain"
    REBALANCE = "rebalance"


class JobState(StrEnum):
    """RUNNING until it is DONE, or STOPPED by an operator; what was moved stays moved."""

    RUNNING = "RUNNING"
    DONE = "DONE"
    STOPPED = "STOPPED"


@dataclass(frozen=True)
class Job:
    """A job and how far it is.

    Attributes
    ----------
    rate
        Replicas that are begun to be moved, a second, at most.
    passes
        Passes over all objects that came to their end.
    cursor
        Where the pass that is under way goes on (an opaque position); None at its beginning.
    pass_started_at
        When it began.
    examined, waiting, stuck
        Objects seen in this pass; of these, such as are not where they shall be yet; of these,
        such as cannot be moved because too few clusters take replicas.
    moved
        Replicas begun to be moved, in all passes.
    remaining
        ``waiting`` of the last whole pass; None before there was one.
    leased_until
        Until when the cluster that works at it has it for itself.
    """

    id: str
    kind: JobKind
    cluster: str | None
    rate: float
    created_at: str
    updated_at: str
    state: JobState = JobState.RUNNING
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


def new_job(job_id: str, kind: JobKind, *, cluster: str | None, rate: float, at: str) -> Job:
    """A job that begins at that moment."""
    return Job(job_id, kind, cluster, rate, created_at=at, updated_at=at, revision=job_id)
