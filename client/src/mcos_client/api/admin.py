"""The operators' calls as values, and what they answer.

Only what reads or deletes is sent again after a lost reply: a change that is made a second time
would undo what another operator did in between.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from json import dumps
from typing import Any, Final, Literal, Self

from mcos_client.api.call import Call, Repeat, Result, given
from mcos_client.api.method import Series
from mcos_client.api.models import ObjectStat
from mcos_client.api.paging import each
from mcos_client.api.paths import account_deleted_path, admin_path, with_query
from mcos_client.api.policies import PolicyPart, StoragePolicy
from mcos_client.errors import NotFound

ClusterState = Literal["ACTIVE", "DRAINING", "DOWN", "LOST"]
Role = Literal["user", "admin"]


@dataclass(frozen=True)
class ClusterHealth:
    """What a cluster's health check found.

    Attributes
    ----------
    read_ms
        How long reading a probe takes.
    reason
        Why the last probe failed.
    removals_held
        Why nothing is removed from the backend.
    journal_at
        When the newest segment of the journal on the backend was written.
    refusals
        What the settings of the backend have against replicas there.
    warnings
        What in them costs something.
    """

    healthy: bool
    checked_at: datetime | None
    read_ms: float | None
    reason: str | None
    removals_held: str | None = None
    journal_at: datetime | None = None
    refusals: Sequence[str] = ()
    warnings: Sequence[str] = ()

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            healthy=value["healthy"],
            checked_at=_time(value["checked_at"]),
            read_ms=value["read_ms"],
            reason=value["reason"],
            removals_held=value.get("removals_held"),
            journal_at=_time(value.get("journal_at")),
            refusals=tuple(value.get("refusals", ())),
            warnings=tuple(value.get("warnings", ())),
        )


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


@dataclass(frozen=True)
class Cluster:
    """A linked cluster as it is now; ``operator_state`` is set by an operator, or None."""

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
    removals_held: bool = False

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
            removals_held=value.get("removals_held", False),
        )


@dataclass(frozen=True)
class Account:
    """An account; ``quota`` has what of its quota is not the deployment's default."""

    user_name: str
    role: Role
    enabled: bool
    created_at: datetime
    quota: Mapping[str, float | None] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            user_name=value["user_name"],
            role=value["role"],
            enabled=value["enabled"],
            created_at=datetime.fromisoformat(value["created_at"]),
            quota=dict(value.get("quota", {})),
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
    """Work of the clusters, in passes over all objects, until one pass finds nothing left to do.

    Attributes
    ----------
    rate
        Replicas a second whose move may begin, at most.
    examined, waiting, stuck
        Objects examined in this pass; how many are still misplaced; how many cannot be moved.
    moved
        Replicas whose move has begun, in all passes.
    remaining
        ``waiting`` of the last whole pass.
    """

    job: str
    kind: Literal["drain", "lose", "rebalance"]
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


class Keep(Enum):
    """Leave a value as it is, where None has a meaning of its own."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP


def list_clusters() -> Call[tuple[Cluster, ...]]:
    """Get all linked clusters, by name."""
    return _get(
        admin_path("clusters"),
        lambda value: tuple(Cluster.from_json(one) for one in value["clusters"]),
    )


def link_cluster(cluster: str, row: Mapping[str, Any]) -> Call[Cluster]:
    """Link a cluster, or replace its row; ``row`` is the API's ``ClusterRow``."""
    return _send("PUT", admin_path("clusters", cluster), row, Cluster.from_json)


def change_cluster(
    cluster: str,
    *,
    state: ClusterState | Literal[Keep.KEEP] | None = KEEP,
    weight: float | Literal[Keep.KEEP] | None = KEEP,
    labels: Mapping[str, str] | Literal[Keep.KEEP] | None = KEEP,
    removals_held: bool | Literal[Keep.KEEP] | None = KEEP,
) -> Call[Cluster]:
    """Override what a cluster's row and health say; None takes it back, KEEP leaves it as it is.

    With ``removals_held`` no copy is removed from its backend; what is owed waits.
    """
    change = {"state": state, "weight": weight, "labels": labels, "removals_held": removals_held}
    given = {name: value for name, value in change.items() if value is not KEEP}
    return _send("PATCH", admin_path("clusters", cluster), given, Cluster.from_json)


def unlink_cluster(cluster: str) -> Call[None]:
    """Forget a cluster that was drained, or replaced once it was lost."""
    return _delete(admin_path("clusters", cluster))


def drain_cluster(cluster: str, *, rate: float | None = None) -> Call[Job]:
    """Have all replicas moved off a cluster, ``rate`` a second at most."""
    return _send(
        "POST", admin_path("clusters", cluster, "drain"), given({"rate": rate}), Job.from_json
    )


def lose_cluster(cluster: str, *, rate: float | None = None) -> Call[Job]:
    """Declare that a cluster never comes back, and have its replicas written on others."""
    return _send(
        "POST", admin_path("clusters", cluster, "lose"), given({"rate": rate}), Job.from_json
    )


def list_policies() -> Call[tuple[StoragePolicy, ...]]:
    """Get all storage policies, by name."""
    return _get(
        admin_path("policies"),
        lambda value: tuple(StoragePolicy.from_json(one) for one in value["policies"]),
    )


def set_policy(
    policy: str, parts: Sequence[PolicyPart], *, readable: int | None = None
) -> Call[StoragePolicy]:
    """Set a storage policy.

    Parameters
    ----------
    readable
        Stored replicas that make a version readable; more than half of all if None.
    """
    rule = {"parts": [part.as_json() for part in parts], **given({"readable": readable})}
    return _send("PUT", admin_path("policies", policy), rule, StoragePolicy.from_json)


def delete_policy(policy: str) -> Call[None]:
    """Delete a storage policy that no container names."""
    return _delete(admin_path("policies", policy))


def list_accounts(*, marker: str | None = None, limit: int | None = None) -> Call[AccountPage]:
    """Get one page of the accounts.

    A page may be empty and not be the last: that one has no ``next_marker``.
    """
    path = with_query(admin_path("accounts"), {"marker": marker, "limit": limit})
    return _get(path, AccountPage.from_json)


def all_accounts() -> Series[Account]:
    """Go through the accounts, page by page."""
    return each(lambda marker: list_accounts(marker=marker), lambda page: page.accounts)


def create_account(
    user_name: str,
    password: str,
    *,
    role: Role = "user",
    quota: Mapping[str, float | None] | None = None,
) -> Call[Account]:
    """Add an account; of ``quota`` (see ``Quota``) what is left out is the default."""
    body = {"password": password, "role": role, **given({"quota": quota})}
    return _send("PUT", admin_path("accounts", user_name), body, Account.from_json)


def change_account(
    user_name: str,
    *,
    password: str | None = None,
    role: Role | None = None,
    enabled: bool | None = None,
    quota: Mapping[str, float | None] | None = None,
) -> Call[Account]:
    """Change what is given. A new password, and disabling, revoke the account's tokens.

    A quota (see ``Quota``) replaces the one before; what is left out is the default, None is no
    limit. It holds within a minute.
    """
    change = given({"password": password, "role": role, "enabled": enabled, "quota": quota})
    return _send("PATCH", admin_path("accounts", user_name), change, Account.from_json)


def list_jobs() -> Call[tuple[Job, ...]]:
    """Get all jobs, the newest first."""
    return _get(
        admin_path("jobs"), lambda value: tuple(Job.from_json(one) for one in value["jobs"])
    )


def get_job(job: str) -> Call[Job]:
    """Get a job, and how far it is."""
    return _get(admin_path("jobs", job), Job.from_json)


def stop_job(job: str) -> Call[Job]:
    """Stop a job; what was moved stays moved."""
    return _send("POST", admin_path("jobs", job, "stop"), None, Job.from_json)


def start_job(kind: Literal["rebalance"] = "rebalance", *, rate: float | None = None) -> Call[Job]:
    """Have replicas moved to where they would be placed now, ``rate`` a second at most."""
    body = {"kind": kind, **given({"rate": rate})}
    return _send("POST", admin_path("jobs"), body, Job.from_json)


def undelete_for(
    account: str, container: str, name: str, *, version: str | None = None
) -> Call[ObjectStat]:
    """Take back an object that a user has deleted, as ``undelete_object``."""
    return Call(
        "POST",
        with_query(account_deleted_path(account, container, name), {"version": version}),
        lambda response: ObjectStat.from_json(response.json()),
        repeat=Repeat.ALWAYS,
    )


def purge_object(
    account: str, container: str, name: str, *, version: str | None = None
) -> Call[tuple[str, ...]]:
    """Have deleted versions of an object removed before they are due; their ids.

    Parameters
    ----------
    version
        Id of the version; None: all that were deleted.
    """
    return Call(
        "DELETE",
        with_query(account_deleted_path(account, container, name), {"version": version}),
        lambda response: tuple(response.json()["purged"]),
        repeat=Repeat.ALWAYS,
        already={NotFound: ()},
    )


def _get(path: str, read: Callable[[Any], Result]) -> Call[Result]:
    return Call("GET", path, lambda response: read(response.json()), repeat=Repeat.ALWAYS)


def _send(
    method: str, path: str, body: Mapping[str, Any] | None, read: Callable[[Any], Result]
) -> Call[Result]:
    return Call(
        method,
        path,
        lambda response: read(response.json()),
        headers={} if body is None else {"content-type": "application/json"},
        content=None if body is None else dumps(body).encode(),
    )


def _delete(path: str) -> Call[None]:
    return Call(
        "DELETE", path, lambda response: None, repeat=Repeat.ALWAYS, already={NotFound: None}
    )
