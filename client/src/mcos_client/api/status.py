"""The operators' call that tells how the deployment is, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from mcos_client.api.call import Call, Repeat
from mcos_client.api.paths import admin_path


@dataclass(frozen=True)
class Finding:
    """Something that is wrong.

    Attributes
    ----------
    concern
        What it is: also the name of its alarm, and of its entry in ``docs/runbook.md``.
    cluster
        Where; None: it concerns all clusters.
    value
        How much: a number of things, or seconds for what is late.
    """

    concern: str
    cluster: str | None
    reason: str
    value: float

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(value["concern"], value["cluster"], value["reason"], value["value"])


@dataclass(frozen=True)
class QueueStatus:
    """A queue of a cluster, as it was when the cluster was watched last.

    Attributes
    ----------
    ready, held
        About how many messages could be worked on, and how many are, or wait for their next try.
    busy_since
        Since when it was never seen empty; None: it was.
    dead_letters
        Messages of it that were given up.
    """

    name: str
    ready: int
    held: int
    busy_since: datetime | None
    dead_letters: int

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            value["name"],
            value["ready"],
            value["held"],
            _time(value["busy_since"]),
            value["dead_letters"],
        )


@dataclass(frozen=True)
class ClusterStatus:
    """How a cluster is.

    Attributes
    ----------
    checked_at, journal_at
        When its backend was checked last; when the newest segment of the journal there was written.
    watched_at
        When it was watched last; queues and seconds are from then. None: it never was.
    unsettled_seconds, missing_seconds
        For how long the oldest of its objects is not settled, and the oldest of those that only
        lack the replica on its backend; 0: there is none.
    """

    name: str
    state: str
    healthy: bool
    checked_at: datetime | None
    journal_at: datetime | None
    watched_at: datetime | None
    queues: tuple[QueueStatus, ...]
    unsettled_seconds: int
    missing_seconds: int

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            value["name"],
            value["state"],
            value["healthy"],
            _time(value["checked_at"]),
            _time(value["journal_at"]),
            _time(value["watched_at"]),
            tuple(map(QueueStatus.from_json, value["queues"])),
            value["unsettled_seconds"],
            value["missing_seconds"],
        )


@dataclass(frozen=True)
class Status:
    """How the deployment is; ``well``: nothing is wrong."""

    well: bool
    at: datetime
    findings: tuple[Finding, ...]
    clusters: tuple[ClusterStatus, ...]

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            value["well"],
            datetime.fromisoformat(value["at"]),
            tuple(map(Finding.from_json, value["findings"])),
            tuple(map(ClusterStatus.from_json, value["clusters"])),
        )


def get_status() -> Call[Status]:
    """Ask what is wrong with the deployment, and how its clusters are."""
    return Call(
        "GET",
        admin_path("status"),
        lambda response: Status.from_json(response.json()),
        repeat=Repeat.ALWAYS,
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
