"""The cluster registry: clusters, their health, storage policies and revoked tokens.

Every fact is an item of its own, so that its writers cannot overwrite each other: Terraform (or an
operator) writes a cluster's row, the cluster's health check its health, an operator an override.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from pynamodb.exceptions import DeleteError, PutError
from pynamodb.expressions.condition import Condition

from mcos import clock, limits
from mcos.catalog import tables
from mcos.catalog.tables import RegistryItem, RegistryText, is_condition_failure
from mcos.errors import UnknownStoragePolicy
from mcos.model.clusters import (
    DEFAULT_POLICY,
    Cluster,
    ClusterState,
    Deployment,
    Health,
    PolicyPart,
    Registry,
    StoragePolicy,
    seen_at,
)
from mcos.model.documents import arguments, document_of, member
from mcos.settings import settings

CLUSTER = "cluster"
HEALTH = "health"
OPERATOR = "operator"
POLICY = "policy"
REVOCATION = "revocation"
JOB = "job"
UNLINKED = "unlinked"
DEPLOYMENT = "deployment"
JOURNAL = "journal"
IMPORT = "import"  # of imports that were completed: see mcos.admin.import_catalog
WATCHED = "watched"  # what was found at each cluster: see mcos.workers.watch_cluster

QUOTAS = "quotas"  # the default one, and who has no room left: see mcos.catalog.usage

SNAPSHOT = "snapshot"
"""Name of the item, of kind JOURNAL, that has the state of snapshots: ``mcos.model.journal``."""

_ASSEMBLED = (CLUSTER, HEALTH, OPERATOR, POLICY, REVOCATION, UNLINKED, DEPLOYMENT, WATCHED, QUOTAS)

THIS = "this"
"""Name of the only item of its kind."""

# An operator's override whose cluster is being unlinked; no operator can give it.
_UNLINKED_WORD = "UNLINKED"

_read_at: datetime | None = None
_registry = Registry(clusters={})


def current_registry(*, fresh: bool = False) -> Registry:
    """Return the registry, at most ``limits.REGISTRY_AGE_SECONDS`` old; if ``fresh``, read now.

    It takes one network call if the registry is read, else none.
    """
    global _read_at, _registry
    now = clock.moment()
    if fresh or _read_at is None or not timedelta(0) <= now - _read_at <= _age():
        _registry = _assembled(
            tables.read(lambda strong: list(RegistryItem.scan(consistent_read=strong)))
        )
        _read_at = now
    return _registry


def _age() -> timedelta:
    return timedelta(seconds=limits.REGISTRY_AGE_SECONDS)


def sweepers() -> tuple[str, ...]:
    """Return the clusters whose objects and uploads this cluster's sweeper looks after.

    Itself comes first, then those that it has adopted: see ``Registry.adopted_by``.
    """
    own = settings().cluster
    return (own, *current_registry().adopted_by(own, clock.moment()))


def all_clusters() -> Mapping[str, Cluster]:
    """Return every linked cluster by name; see ``current_registry``."""
    return current_registry().clusters


def policy_named(name: str) -> StoragePolicy:
    """Return a storage policy; if it is not known here, the registry is read, as it may be new.

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
    """Make the next call read the registry again."""
    global _read_at
    _read_at = None


def write(kind: str, name: str, document: Mapping[str, Any], *, expires: int | None = None) -> None:
    """Write an item, replacing what was there: one network call.

    Parameters
    ----------
    expires
        Unix time after which readers ignore it and ``tidy`` removes it.
    """
    RegistryItem(
        kind, name, document=dict(document), expires=expires, revision=clock.new_id()
    ).save()
    forget()


def remove(kind: str, name: str) -> None:
    """Remove an item if it exists."""
    RegistryItem(kind, name).delete()
    forget()


def read(kind: str, name: str) -> dict[str, Any] | None:
    """Return the document of an item, or None, strongly consistent: one network call."""
    try:
        document: dict[str, Any] = RegistryItem.get(kind, name, consistent_read=True).document
    except RegistryItem.DoesNotExist:
        return None
    return document


def replace(
    kind: str,
    name: str,
    document: Mapping[str, Any] | None,
    *,
    before: Mapping[str, Any] | None,
    expires: int | None = None,
) -> bool:
    """Write an item (None: remove it) if it has not changed: one network call.

    Parameters
    ----------
    before
        The item's document as it was read; None: there was no item.
    expires
        As for ``write``.

    Returns
    -------
    False, with nothing changed, if it has changed.
    """
    item = RegistryItem(kind, name, document=document, expires=expires, revision=clock.new_id())
    try:
        if document is None:
            item.delete(_unchanged(before))
        else:
            item.save(_unchanged(before))
    except (PutError, DeleteError) as error:
        if is_condition_failure(error):
            return False
        raise
    forget()
    return True


def unlink(cluster: str, *, override: Mapping[str, Any]) -> bool:
    """Unlink a cluster, if the operator's override is ``override``.

    One write decides it: a cluster whose override has the word UNLINKED is skipped by readers.
    Then its other items go; anybody may do that again.

    Returns
    -------
    False, with nothing changed, if the override has changed.
    """
    word = {"state": _UNLINKED_WORD, "at": clock.now()}
    if not replace(OPERATOR, cluster, word, before=override) and read(OPERATOR, cluster) != word:
        return False
    finish_unlinking(cluster)
    return True


def tidy() -> None:
    """Remove what has expired, and finish what others have begun: one Scan if there is nothing."""
    for item in list(RegistryItem.scan(consistent_read=True)):
        if _has_expired(item):
            try:
                item.delete(RegistryItem.expires == item.expires)
            except DeleteError as error:
                if not is_condition_failure(error):
                    raise
        elif item.kind == OPERATOR and is_unlinked(item.document):
            finish_unlinking(item.name)


def _has_expired(item: RegistryItem) -> bool:
    return item.expires is not None and item.expires <= clock.moment().timestamp()


def finish_unlinking(cluster: str) -> None:
    """Remove the items of a cluster whose override has the word UNLINKED. Harmless to repeat.

    What stays is the fact that there was such a cluster: objects may still name it.
    """
    row, word = _row(cluster), read(OPERATOR, cluster)
    if word is None or not is_unlinked(word):
        return
    write(UNLINKED, cluster, {"at": word["at"]})
    # What was linked since under this name is another row.
    if row is None or _is_removed(row):
        remove(HEALTH, cluster)
        remove(WATCHED, cluster)
        replace(OPERATOR, cluster, None, before=word)


def _row(cluster: str) -> RegistryText | None:
    """Return a cluster's row as it was written: the first one by Terraform."""
    try:
        return RegistryText.get(CLUSTER, cluster, consistent_read=True)
    except RegistryText.DoesNotExist:
        return None


def _is_removed(row: RegistryText) -> bool:
    """Remove a row; False if it is another one by now."""
    try:
        row.delete(RegistryText.document == row.document)
    except DeleteError as error:
        if is_condition_failure(error):
            return False
        raise
    forget()
    return True


def is_unlinked(override: Mapping[str, Any]) -> bool:
    """Whether an operator's override is the word that its cluster is unlinked."""
    return override.get("state") == _UNLINKED_WORD


def _unchanged(before: Mapping[str, Any] | None) -> Condition:
    """Return the condition that an item's document is ``before``; None: that there is no item."""
    if before is None:
        return RegistryItem.name.does_not_exist()
    return RegistryItem.document == before


def read_health(cluster: str) -> Health:
    """Return a cluster's health as it was written last: one network call."""
    return Health(**arguments(Health, read(HEALTH, cluster) or {}))


def write_health(cluster: str, health: Health) -> None:
    """Write a cluster's health."""
    write(HEALTH, cluster, document_of(health))


def note_missed(cluster: str) -> None:
    """Note that a cluster's backend will never get what the journal has had for it.

    Only a new snapshot has all of it.
    """
    write(JOURNAL, _missed(cluster), {"at": clock.now()})


def missed_at(cluster: str) -> str:
    """Return when ``note_missed`` was called last for a cluster, RFC 3339; empty: never."""
    return str((read(JOURNAL, _missed(cluster)) or {}).get("at", ""))


def _missed(cluster: str) -> str:
    return f"missed/{cluster}"


def raise_generation(*, above: int = 0, at: str, fresh: bool = True) -> Deployment:
    """Raise the catalog's generation, and give the catalog an id if it has none.

    Parameters
    ----------
    above
        The new generation is greater than this one, and than the one before.
    at
        Now, RFC 3339.
    fresh
        False: if another call raises it at the same time, that is enough.
    """
    while True:
        before = read(DEPLOYMENT, THIS)
        known = _deployment(before)
        raised = dataclasses.replace(
            known,
            id=known.id or clock.new_id(),
            generation=max(known.generation, above) + 1,
            raised_at=at,
        )
        if replace(DEPLOYMENT, THIS, document_of(raised), before=before):
            return raised
        if not fresh:
            return _deployment(read(DEPLOYMENT, THIS))


def _deployment(document: Mapping[str, Any] | None) -> Deployment:
    return Deployment(**arguments(Deployment, document or {}))


def write_policy(policy: StoragePolicy) -> None:
    """Write a storage policy under its name."""
    parts = [document_of(part) for part in policy.parts]
    write(POLICY, policy.name, {**document_of(policy), "parts": parts})


def _assembled(items: Iterable[RegistryItem]) -> Registry:
    found: dict[str, dict[str, Any]] = {kind: {} for kind in _ASSEMBLED}
    for item in items:
        if _has_expired(item):
            continue
        found.get(item.kind, {})[item.name] = item.document
    policies = {name: _policy(document) for name, document in found[POLICY].items()}
    quotas = found[QUOTAS].get(THIS, {})
    unlinking = {name for name, override in found[OPERATOR].items() if is_unlinked(override)}
    rows = {name: row for name, row in found[CLUSTER].items() if name not in unlinking}
    return Registry(
        clusters=seen_at(
            clock.moment(),
            {
                name: _cluster(
                    name, document, found[OPERATOR].get(name, {}), found[HEALTH].get(name, {})
                )
                for name, document in rows.items()
            },
        ),
        policies={DEFAULT_POLICY.name: DEFAULT_POLICY, **policies},
        revoked={name: document["before"] for name, document in found[REVOCATION].items()},
        ended_sessions={
            name: frozenset(document["sessions"])
            for name, document in found[REVOCATION].items()
            if document.get("sessions")
        },
        unlinking=frozenset(unlinking),
        unlinked=frozenset({*found[UNLINKED], *unlinking}.difference(rows)),
        deployment=_deployment(found[DEPLOYMENT].get(THIS)),
        watched={name: one for name, one in found[WATCHED].items() if name in rows},
        default_quota=quotas.get("default", {}),
        full=quotas.get("full", {}),
    )


def _cluster(
    name: str, row: Mapping[str, Any], override: Mapping[str, Any], health: Mapping[str, Any]
) -> Cluster:
    words = ("labels", "weight", "removals_held")
    overridden = {field: override[field] for field in words if field in override}
    return Cluster(
        **{
            **_place(row),
            **arguments(Cluster, row),
            **overridden,
            "name": name,
            "operator_state": _state(override.get("state")),
            "health": Health(**arguments(Health, health)),
        }
    )


def _place(row: Mapping[str, Any]) -> dict[str, str]:
    """Return region and account of a row's functions: rows of release 0.1.0 do not say them."""
    match row["put_replica"].split(":"):
        case ["arn", _, "lambda", region, account_id, *_]:
            return {"region": region, "account_id": account_id}
    return {}


def _state(word: str | None) -> ClusterState | None:
    """Return the state that an operator set; one of a newer release takes no replicas."""
    if word is None:
        return None
    known = member(ClusterState, word)
    return known if isinstance(known, ClusterState) else ClusterState.DRAINING


def _policy(document: Mapping[str, Any]) -> StoragePolicy:
    parts = tuple(PolicyPart(**arguments(PolicyPart, part)) for part in document["parts"])
    return StoragePolicy(**{**arguments(StoragePolicy, document), "parts": parts})
