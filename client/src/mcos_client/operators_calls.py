"""The operators' calls as values.

Only what reads or deletes is sent again after a lost reply: a change that is made a second time
would undo what another operator did in between.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from json import dumps
from typing import Any, Final, Literal

from mcos_client.call import Call, Repeat, Result
from mcos_client.errors import NotFound
from mcos_client.operators import (
    Account,
    AccountPage,
    Cluster,
    ClusterState,
    Job,
    Role,
)
from mcos_client.paths import admin_path, with_query
from mcos_client.policies import PolicyPart, StoragePolicy


class Keep(Enum):
    """Stands for what a change leaves as it is, where None has a meaning of its own."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP


def list_clusters() -> Call[tuple[Cluster, ...]]:
    return _get(
        admin_path("clusters"),
        lambda value: tuple(Cluster.from_json(one) for one in value["clusters"]),
    )


def link_cluster(cluster: str, row: Mapping[str, Any]) -> Call[Cluster]:
    return _send("PUT", admin_path("clusters", cluster), row, Cluster.from_json)


def change_cluster(
    cluster: str,
    *,
    state: ClusterState | Literal[Keep.KEEP] | None,
    weight: float | Literal[Keep.KEEP] | None,
    labels: Mapping[str, str] | Literal[Keep.KEEP] | None,
) -> Call[Cluster]:
    change = {"state": state, "weight": weight, "labels": labels}
    given = {name: value for name, value in change.items() if value is not KEEP}
    return _send("PATCH", admin_path("clusters", cluster), given, Cluster.from_json)


def unlink_cluster(cluster: str) -> Call[None]:
    return _delete(admin_path("clusters", cluster))


def drain_cluster(cluster: str, *, rate: float | None) -> Call[Job]:
    return _send(
        "POST", admin_path("clusters", cluster, "drain"), _given({"rate": rate}), Job.from_json
    )


def list_policies() -> Call[tuple[StoragePolicy, ...]]:
    return _get(
        admin_path("policies"),
        lambda value: tuple(StoragePolicy.from_json(one) for one in value["policies"]),
    )


def set_policy(
    policy: str, parts: Sequence[PolicyPart], *, readable: int | None
) -> Call[StoragePolicy]:
    rule = {"parts": [part.as_json() for part in parts], **_given({"readable": readable})}
    return _send("PUT", admin_path("policies", policy), rule, StoragePolicy.from_json)


def delete_policy(policy: str) -> Call[None]:
    return _delete(admin_path("policies", policy))


def list_accounts(*, marker: str | None, limit: int | None) -> Call[AccountPage]:
    path = with_query(admin_path("accounts"), {"marker": marker, "limit": limit})
    return _get(path, AccountPage.from_json)


def create_account(user_name: str, password: str, *, role: Role) -> Call[Account]:
    body = {"password": password, "role": role}
    return _send("PUT", admin_path("accounts", user_name), body, Account.from_json)


def change_account(
    user_name: str, *, password: str | None, role: Role | None, enabled: bool | None
) -> Call[Account]:
    change = _given({"password": password, "role": role, "enabled": enabled})
    return _send("PATCH", admin_path("accounts", user_name), change, Account.from_json)


def list_jobs() -> Call[tuple[Job, ...]]:
    return _get(
        admin_path("jobs"), lambda value: tuple(Job.from_json(one) for one in value["jobs"])
    )


def get_job(job: str) -> Call[Job]:
    return _get(admin_path("jobs", job), Job.from_json)


def stop_job(job: str) -> Call[Job]:
    return _send("POST", admin_path("jobs", job, "stop"), None, Job.from_json)


def start_job(kind: Literal["rebalance"], *, rate: float | None) -> Call[Job]:
    body = {"kind": kind, **_given({"rate": rate})}
    return _send("POST", admin_path("jobs"), body, Job.from_json)


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


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
