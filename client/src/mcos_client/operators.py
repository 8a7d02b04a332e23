"""What the operators' calls answer, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self

ClusterState = Literal["ACTIVE", "DRAINING", "DOWN"]
Role = Literal["user", "admin"]


@dataclass(frozen=True)
class ClusterHealth:
    """What a cluster's health check found; ``read_ms`` is how long reading a probe takes."""

    healthy: bool
    checked_at: datetime | None
    read_ms: float | None
    reason: str | None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        checked_at = value["checked_at"]
        return cls(
            healthy=value["healthy"],
            checked_at=None if checked_at is None else datetime.fromisoformat(checked_at),
            read_ms=value["read_ms"],
            reason=value["reason"],
        )


@dataclass(frozen=True)
class Cluster:
    """A linked cluster as it is now; ``operator_state`` is an operator's word, if there is one."""

    name: str
    entry_point: str
    backend: str
    provider: str
    location: str
    labels: dict[str, str]
    weight: float
    state: ClusterState
    operator_state: ClusterState | None
    health: ClusterHealth

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            name=value["name"],
            entry_point=value["entry_point"],
            backend=value["backend"],
            provider=value["provider"],
            location=value["location"],
            labels=dict(value["labels"]),
            weight=value["weight"],
            state=value["state"],
            operator_state=value["operator_state"],
            health=ClusterHealth.from_json(value["health"]),
        )


@dataclass(frozen=True)
class Account:
    user_name: str
    role: Role
    enabled: bool
    created_at: datetime

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            user_name=value["user_name"],
            role=value["role"],
            enabled=value["enabled"],
            created_at=datetime.fromisoformat(value["created_at"]),
        )


@dataclass(frozen=True)
class AccountPage:
    """A page of the accounts, in no order; the last one has no ``next_marker``."""

    accounts: tuple[Account, ...]
    next_marker: str | None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        accounts = tuple(Account.from_json(one) for one in value["accounts"])
        return cls(accounts, value.get("next_marker"))


@dataclass(frozen=True)
class Job:
    """What clusters work at, in passes over all objects, until one finds nothing left to do.

    Attributes
    ----------
    rate
        Replicas that are begun to be moved, a second, at most.
    examined, waiting, stuck
        Objects of this pass: seen; not yet where they shall be; such as cannot be moved.
    moved
        Replicas begun to be moved, in all passes.
    remaining
        ``waiting`` of the last whole pass.
    """

    job: str
    kind: Literal["drain", "rebalance"]
    cluster: str | None
    state: Literal["RUNNING", "DONE", "STOPPED"]
    rate: float
    created_at: datetime
    updated_at: datetime
    passes: int
    examined: int
    waiting: int
    stuck: int
    moved: int
    remaining: int | None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            job=value["job"],
            kind=value["kind"],
            cluster=value["cluster"],
            state=value["state"],
            rate=value["rate"],
            created_at=datetime.fromisoformat(value["created_at"]),
            updated_at=datetime.fromisoformat(value["updated_at"]),
            passes=value["passes"],
            examined=value["examined"],
            waiting=value["waiting"],
            stuck=value["stuck"],
            moved=value["moved"],
            remaining=value["remaining"],
        )
