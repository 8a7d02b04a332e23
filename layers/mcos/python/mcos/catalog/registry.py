"""The cluster registry: clusters, what is known of their health, policies, revoked tokens.

Who writes what: Terraform (or an operator) a cluster's row, the cluster's own health check what it
found, operators their word. They are items of their own, so that nobody overwrites another's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from pynamodb.exceptions import DeleteError, PutError, TransactWriteError
from pynamodb.expressions.condition import Condition

from mcos import clock, limits
from mcos.catalog.tables import RegistryItem
from mcos.catalog.transactions import lost_race, transaction
from mcos.errors import UnknownStoragePolicy
from mcos.model.clusters import (
    DEFAULT_POLICY,
    Cluster,
    ClusterState,
    Health,
    PolicyPart,
    Registry,
    StoragePolicy,
)

CLUSTER = "cluster"
HEALTH = "health"
OPERATOR = "operator"
POLICY = "policy"
REVOCATION = "revocation"
JOB = "job"

_read_at: datetime | None = None
_registry = Registry(clusters={})


def current_registry(*, fresh: bool = False) -> Registry:
    """The registry, at most ``limits.REGISTRY_AGE_SECONDS`` old; read now if ``fresh``.

    One network call when it is read, none otherwise.
    """
    global _read_at, _registry
    now = clock.moment()
    if fresh or _read_at is None or not timedelta(0) <= now - _read_at <= _age():
        _registry = _assembled(RegistryItem.scan(consistent_read=True))
        _read_at = now
    return _registry


def _age() -> timedelta:
    return timedelta(seconds=limits.REGISTRY_AGE_SECONDS)


def all_clusters() -> Mapping[str, Cluster]:
    """Every linked cluster by name; see ``current_registry``."""
    return current_registry().clusters


def policy_named(name: str) -> StoragePolicy:
    """A storage policy; one that this function has not heard of may be new.

    Raises
    ------
    UnknownStoragePolicy
    """
    policy = current_registry().policies.get(name)
    policy = policy or current_registry(fresh=True).policies.get(name)
    if policy is None:
        raise UnknownStoragePolicy(f"There is no storage policy {name!r}.")
    return policy


def forget() -> None:
    """Read anew at the next call."""
    global _read_at
    _read_at = None


def write(kind: str, name: str, document: Mapping[str, Any], *, expires: int | None = None) -> None:
    """Write one fact in place of what was there: one network call.

    Parameters
    ----------
    expires
        Unix time after which it may go.
    """
    RegistryItem(kind, name, document=dict(document), expires=expires).save()
    forget()


def remove(kind: str, name: str) -> None:
    """Take a fact away; that it is not there is no error."""
    RegistryItem(kind, name).delete()
    forget()


def read(kind: str, name: str) -> dict[str, Any] | None:
    """One fact as it is now, None if it is not there: one network call."""
    try:
        document: dict[str, Any] = RegistryItem.get(kind, name, consistent_read=True).document
    except RegistryItem.DoesNotExist:
        return None
    return document


def replace(
    kind: str, name: str, document: Mapping[str, Any] | None, *, before: Mapping[str, Any] | None
) -> bool:
    """Write a fact (None: take it away) if what is there is what was read: one network call.

    Returns
    -------
    False, with nothing changed, if it is not.
    """
    item = RegistryItem(kind, name, document=document)
    try:
        if document is None:
            item.delete(unchanged(before))
        else:
            item.save(unchanged(before))
    except (PutError, DeleteError) as error:
        if lost_race(error):
            return False
        raise
    forget()
    return True


def unlink(cluster: str, *, word: Mapping[str, Any]) -> bool:
    """Take away all that is known of a cluster, at once, if the operator's word is this one.

    Returns
    -------
    False, with nothing changed, if it is another one.
    """
    try:
        with transaction() as together:
            together.delete(RegistryItem(OPERATOR, cluster), unchanged(word))
            together.delete(RegistryItem(CLUSTER, cluster))
            together.delete(RegistryItem(HEALTH, cluster))
    except TransactWriteError as error:
        if lost_race(error):
            return False
        raise
    forget()
    return True


def unchanged(before: Mapping[str, Any] | None) -> Condition:
    """That a fact is still what was read; None: that it is not there."""
    if before is None:
        return RegistryItem.name.does_not_exist()
    return RegistryItem.document == before


def write_health(cluster: str, health: Health) -> None:
    """Record what a cluster's health check found."""
    write(HEALTH, cluster, asdict(health))


def write_policy(policy: StoragePolicy) -> None:
    """Record a storage policy under its name."""
    write(POLICY, policy.name, asdict(policy))


def _assembled(items: Iterable[RegistryItem]) -> Registry:
    found: dict[str, dict[str, Any]] = {
        kind: {} for kind in (CLUSTER, HEALTH, OPERATOR, POLICY, REVOCATION)
    }
    for item in items:
        found.get(item.kind, {})[item.name] = item.document
    policies = {name: _policy(document) for name, document in found[POLICY].items()}
    return Registry(
        clusters={
            name: _cluster(
                name, document, found[OPERATOR].get(name, {}), found[HEALTH].get(name, {})
            )
            for name, document in found[CLUSTER].items()
        },
        policies={DEFAULT_POLICY.name: DEFAULT_POLICY, **policies},
        revoked={name: document["before"] for name, document in found[REVOCATION].items()},
    )


def _cluster(
    name: str, row: Mapping[str, Any], word: Mapping[str, Any], health: Mapping[str, Any]
) -> Cluster:
    state = word.get("state")
    return Cluster(
        name=name,
        **{**row, **{field: word[field] for field in ("labels", "weight") if field in word}},
        operator_state=ClusterState(state) if state else None,
        health=Health(**health),
    )


def _policy(document: Mapping[str, Any]) -> StoragePolicy:
    parts = tuple(PolicyPart(**part) for part in document["parts"])
    return StoragePolicy(document["name"], parts, document["readable"])
