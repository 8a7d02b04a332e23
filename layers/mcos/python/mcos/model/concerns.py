"""What an operator must know of: the concerns, and what of a deployment gives rise to them.

Each concern is a metric, an alarm and an entry of ``docs/runbook.md`` of the same name. All of this
is pure: ``mcos.workers.watch_cluster`` looks, and tells the rest.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from mcos import limits
from mcos.model.clusters import Cluster, ClusterState, Registry
from mcos.model.documents import arguments, document_of, member
from mcos.model.jobs import Job, JobState
from mcos.model.journal import Snapshots
from mcos.model.scrub import Scrub


class Concern(StrEnum):
    """What is wrong. The names are those of metrics and alarms, and do not change.

    SILENT: nothing was heard of a cluster's health check, or of who watches it. DOWN: its backend
    does not work. UNSETTLED: an object is not settled for too long. REPLICAS_MISSING: one that can
    be read lacks a replica for too long. BACKLOG: a queue grows, or is never emptied. DEAD_LETTERS:
    messages were given up. JOBS_STUCK: an operators' job goes on no more. SCRUB_STOPPED: a scrub
    waits for an operator's word. SCRUB_LATE: a backend was not compared for too long. DAMAGE:
    copies were missing or wrong. JOURNAL_LATE: a backend's journal is old. SNAPSHOT_LATE: there is
    no recent snapshot of the catalog. REMOVALS_HELD: copies are not removed. GIVEN_UP: the content
    of an object was lost. UNREADABLE: an item of the catalog cannot be read.
    """

    SILENT = "silent"
    DOWN = "down"
    UNSETTLED = "unsettled"
    REPLICAS_MISSING = "replicas-missing"
    BACKLOG = "backlog"
    DEAD_LETTERS = "dead-letters"
    JOBS_STUCK = "jobs-stuck"
    SCRUB_STOPPED = "scrub-stopped"
    SCRUB_LATE = "scrub-late"
    DAMAGE = "damage"
    JOURNAL_LATE = "journal-late"
    SNAPSHOT_LATE = "snapshot-late"
    REMOVALS_HELD = "removals-held"
    GIVEN_UP = "given-up"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Finding:
    """Something that is wrong.

    Attributes
    ----------
    cluster
        Where; None: it concerns all clusters.
    reason
        For people; it names no account, container or object.
    value
        How much: a number of things, or seconds for what is late or silent; more than 0.
    """

    concern: Concern | str
    cluster: str | None
    reason: str
    value: float
    unknown: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {**document_of(self), "concern": str(self.concern)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Finding":
        given = arguments(cls, value)
        return cls(**{**given, "concern": member(Concern, given["concern"])})


@dataclass(frozen=True)
class QueueState:
    """A queue as it was seen.

    Attributes
    ----------
    ready
        About how many messages could be worked on now.
    held
        About how many others there are: being worked on, or waiting for their next try.
    busy_since
        RFC 3339; since when it was never seen without a message that could be worked on. None: it
        has none.
    """

    ready: int
    held: int
    busy_since: str | None = None
    unknown: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return document_of(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "QueueState":
        return cls(**arguments(cls, value))


@dataclass(frozen=True)
class Watched:
    """What was found when a cluster was watched last. Times are RFC 3339.

    Attributes
    ----------
    at
        When that was.
    began_at
        When it was watched for the first time: what was never heard of is silent since then.
    findings
        What concerns this cluster alone.
    queues, dead_letters
        State of its queues, and number of messages in its dead-letter queues, by name.
    unsettled_seconds, missing_seconds
        For how long the oldest of its objects is not settled, and the oldest of those that only
        lack this cluster's replica; 0: there is none.
    """

    at: str
    began_at: str
    findings: tuple[Finding, ...] = ()
    queues: Mapping[str, QueueState] = field(default_factory=dict)
    dead_letters: Mapping[str, int] = field(default_factory=dict)
    unsettled_seconds: int = 0
    missing_seconds: int = 0
    unknown: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            **document_of(self),
            "findings": [one.as_json() for one in self.findings],
            "queues": {name: one.as_json() for name, one in self.queues.items()},
            "dead_letters": dict(self.dead_letters),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Watched":
        return cls(
            **{
                **arguments(cls, value),
                "findings": tuple(map(Finding.from_json, value.get("findings", ()))),
                "queues": {
                    name: QueueState.from_json(one) for name, one in value.get("queues", {}).items()
                },
            }
        )


def of_registry(
    registry: Registry, watched: Mapping[str, Watched], moment: datetime
) -> list[Finding]:
    """Return what the cluster registry says of all clusters; whoever watches any cluster sees it.

    Parameters
    ----------
    watched
        What was found at each cluster.
    """
    began = min((one.began_at for one in watched.values()), default=None)
    found: list[Finding] = []
    for name, cluster in sorted(registry.clusters.items()):
        if cluster.state is not ClusterState.LOST:
            seen = watched.get(name)
            found += _of_cluster(cluster, seen, began, bool(registry.deployment.id), moment)
    return found


def _of_cluster(
    cluster: Cluster, seen: Watched | None, began: str | None, has_journal: bool, moment: datetime
) -> Iterator[Finding]:
    name, health = cluster.name, cluster.health
    checked = health.checked_at or cluster.linked_at or began
    if (age := _age(checked, moment)) > limits.SILENT_SECONDS:
        yield Finding(Concern.SILENT, name, f"its health was last checked at {checked}", age)
    elif not health.healthy and (age := _age(health.down_since, moment)) > limits.DOWN_SECONDS:
        yield Finding(Concern.DOWN, name, f"its backend does not work: {health.reason}", age)
    watched_at = seen.at if seen else began
    if (age := _age(watched_at, moment)) > limits.UNWATCHED_SECONDS:
        yield Finding(Concern.SILENT, name, f"it was last watched at {watched_at}", age)
    written_at = health.journal_at or began
    if has_journal and (age := _age(written_at, moment)) > limits.JOURNAL_SECONDS:
        newest = f"the newest segment of its journal is of {health.journal_at}"
        reason = newest if health.journal_at else "its journal has no segment yet"
        yield Finding(Concern.JOURNAL_LATE, name, reason, age)
    if cluster.removals_held:
        yield Finding(Concern.REMOVALS_HELD, name, "an operator holds all removals", 1)
    elif health.removals_held:
        yield Finding(Concern.REMOVALS_HELD, name, health.removals_held, 1)


def of_jobs(jobs: Iterable[Job], moment: datetime) -> Iterator[Finding]:
    """Return what is wrong with the operators' jobs."""
    for job in jobs:
        if job.state not in (JobState.RUNNING, JobState.PROPOSED):
            continue
        if (age := _age(job.updated_at, moment)) > limits.JOB_SECONDS:
            reason = f"the {job.kind} {job.id} has not gone on since {job.updated_at}"
            yield Finding(Concern.JOBS_STUCK, job.cluster, reason, age)
        elif job.stuck:
            reason = f"the {job.kind} {job.id} has too few clusters for {job.stuck} objects"
            yield Finding(Concern.JOBS_STUCK, job.cluster, reason, job.stuck)


def of_scrub(
    cluster: str, run: Scrub | None, *, every_days: float, began_at: str, moment: datetime
) -> Iterator[Finding]:
    """Return what is wrong with a cluster's scrub.

    Parameters
    ----------
    run
        Its last run; None: there was none yet.
    every_days
        A run begins so long after the last one has ended.
    began_at
        Since when the cluster is watched.
    """
    if run is None:
        if (age := _age(began_at, moment)) > limits.SCRUB_SECONDS:
            yield Finding(Concern.SCRUB_LATE, cluster, "its backend was never compared", age)
        return
    if run.state is JobState.STOPPED and run.reason:
        yield Finding(Concern.SCRUB_STOPPED, cluster, run.reason, 1)
    elif run.is_running:
        if (age := _age(run.updated_at, moment)) > limits.SCRUB_SECONDS:
            reason = f"the scrub has not gone on since {run.updated_at}"
            waits = f": {run.waits}" if run.waits else ""
            yield Finding(Concern.SCRUB_LATE, cluster, f"{reason}{waits}", age)
    else:
        ended = run.ended_at or run.updated_at
        if (age := _age(ended, moment)) > every_days * 24 * 3600 + limits.SCRUB_SECONDS:
            reason = f"its backend was last compared at {ended}"
            yield Finding(Concern.SCRUB_LATE, cluster, reason, age)
    oldest, share = run.oldest_full_reading, len(run.slots) * every_days * 24 * 3600
    if oldest and (age := _age(oldest, moment)) > 2 * share + limits.SCRUB_SECONDS:
        yield Finding(Concern.SCRUB_LATE, cluster, f"copies were last read at {oldest}", age)
    if run.counts.unrepairable:
        reason = "copies are missing or wrong, and no other copy is stored"
        yield Finding(Concern.DAMAGE, cluster, reason, run.counts.unrepairable)


def of_snapshots(state: Snapshots, *, began_at: str, moment: datetime) -> Iterator[Finding]:
    """Return what is wrong with the snapshots of the catalog."""
    last = state.last.begun_at if state.last else began_at
    age = _age(last, moment)
    if state.refused is not None:
        yield Finding(Concern.SNAPSHOT_LATE, None, f"one was refused: {state.refused}", age)
    elif age > limits.SNAPSHOT_SECONDS:
        yield Finding(Concern.SNAPSHOT_LATE, None, f"the last one was begun at {last}", age)


def of_queues(
    cluster: str, queues: Mapping[str, QueueState], dead: Mapping[str, int], moment: datetime
) -> Iterator[Finding]:
    """Return what is wrong with a cluster's queues."""
    for name, one in queues.items():
        if one.ready > limits.BACKLOG_MESSAGES:
            reason = f"{one.ready} messages wait in the {name} queue"
            yield Finding(Concern.BACKLOG, cluster, reason, one.ready)
        elif (age := _age(one.busy_since, moment)) > limits.QUEUE_SECONDS:
            reason = f"the {name} queue was never empty since {one.busy_since}"
            yield Finding(Concern.BACKLOG, cluster, reason, age)
    for name, count in dead.items():
        if count:
            reason = f"{count} messages of the {name} queue were given up"
            yield Finding(Concern.DEAD_LETTERS, cluster, reason, count)


def of_objects(
    cluster: str, *, unsettled: float, missing: float, overdue: Iterable[str]
) -> Iterator[Finding]:
    """Return what is wrong with what the sweeper looks after.

    Parameters
    ----------
    unsettled, missing
        See ``Watched``.
    overdue
        What else it should have looked at an hour ago.
    """
    if unsettled > limits.UNSETTLED_SECONDS:
        reason = f"an object has waited for {timedelta(seconds=round(unsettled))}"
        yield Finding(Concern.UNSETTLED, cluster, reason, unsettled)
    if missing > limits.UNSETTLED_SECONDS:
        reason = f"an object has lacked its replica for {timedelta(seconds=round(missing))}"
        yield Finding(Concern.REPLICAS_MISSING, cluster, reason, missing)
    for what in overdue:
        yield Finding(Concern.UNSETTLED, cluster, f"the sweeper does not look at {what}", 1)


def _age(since: str | None, moment: datetime) -> float:
    """Return seconds since a time, RFC 3339; 0 if there is none."""
    return (moment - datetime.fromisoformat(since)).total_seconds() if since else 0.0
