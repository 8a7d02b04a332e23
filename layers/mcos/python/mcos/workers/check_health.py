"""check_health: probe this cluster's backend by writing, reading and deleting a replica."""

import os
from dataclasses import dataclass, replace

from mcos import clock, limits
from mcos.catalog.registry import (
    JOURNAL,
    OPERATOR,
    SNAPSHOT,
    current_registry,
    raise_generation,
    read,
    read_health,
    write_health,
)
from mcos.catalog.tables import ERRORS
from mcos.journal.files import complete_key
from mcos.journal.tidy import newest_segment
from mcos.model.clusters import ClusterState, Deployment, Health
from mcos.model.journal import Snapshots
from mcos.replicas.backend import MARKER, mark, own_backend, put_bytes, read_credentials
from mcos.replicas.generation import why_held
from mcos.settings import settings
from mcos.storage import BackendUnavailable, ReplicaNotFound, StorageBackend, StorageError
from mcos.storage.examine import Examination, examine

FAILURES_TO_DOWN = 3
SUCCESSES_TO_ACTIVE = 3
"""Number of probes in a row that must contradict the verdict to change it."""

_PAUSE_SECONDS = 5
_PROBE_BYTES = 64
# No account has this name.
_PREFIX = "~health"
_SMOOTHING = 0.3
# What was written in this time before a catalog was set back may look like an orphan to it.
_GENERATION_SECONDS = 900
# A catalog that was set back is noticed after this time.
_COMPARED_SECONDS = 300
# What somebody has changed in a backend's settings is noticed after this time.
_EXAMINED_SECONDS = 86400
_PAUSES_OF_NEW_ROLES = (2, 4, 8)


@dataclass(frozen=True)
class Probe:
    """Result of one probe: the time to read (milliseconds) and the marker, or why it failed."""

    read_ms: float | None = None
    reason: str | None = None
    marked: bool = False


def check_health() -> Health:
    """Probe the backend and write its health to the registry.

    A probe that confirms the verdict is the only one. A probe that contradicts it is followed by
    others, 5 s apart, so that an outage, or its end, is confirmed soon after it was first seen.

    The first time, and once a day, the backend is examined; one that has refusals is down at once,
    until they are repaired.
    """
    name = _own()
    health = read_health(name)
    if health.refusals:
        health = examine_backend(health)
        if health.refusals:
            return health
    while True:
        verdict = health.healthy
        health = judge(health, probe(marked=health.marked))
        if health.streak == 0 or health.healthy != verdict:
            break
        clock.sleep(_PAUSE_SECONDS)
    if health.healthy and health.streak == 0:
        try:
            health = _compared(health)
        except StorageError as error:
            health = replace(health, reason=f"{type(error).__name__}: {error}")
    write_health(name, health)  # first: an examination that takes too long hides no good probe
    due = (health.examined_at or "") <= clock.later(-_EXAMINED_SECONDS)
    return examine_backend(health) if due and health.healthy and not health.streak else health


def examine_backend(health: Health | None = None) -> Health:
    """Look at the backend's settings and rights, and write what was found to the registry.

    Parameters
    ----------
    health
        The cluster's; None: it is read.
    """
    health = read_health(_own()) if health is None else health
    try:
        found = examine(own_backend())
    except StorageError as error:
        # It is away, and is examined when it is back; or nobody can use its settings.
        if isinstance(error, BackendUnavailable):
            reason = f"{type(error).__name__}: {error}"
            health = replace(health, reason=reason, checked_at=clock.now())
            write_health(_own(), health)
            return health
        found = Examination((str(error),), ())
    health = replace(
        health,
        refusals=found.refusals,
        warnings=found.warnings,
        checked_at=clock.now(),
        examined_at=clock.now(),
    )
    if found.refusals:
        health = replace(
            health,
            healthy=False,
            streak=0,
            down_since=health.down_since or clock.now(),
            reason="; ".join(found.refusals),
        )
    write_health(_own(), health)
    return health


def examine_new_backend() -> Health:
    """Examine the backend of a cluster that is to be linked: ``examine_backend``.

    So nothing is placed on a backend that cannot hold it. What a new role may do takes AWS some
    seconds to know everywhere, so a call that is refused is made again.

    Raises
    ------
    PynamoDBException, BotoCoreError, ClientError
    """
    for pause in _PAUSES_OF_NEW_ROLES:
        try:
            return _examined_anew()
        except ERRORS:
            clock.sleep(pause)
    return _examined_anew()


def _examined_anew() -> Health:
    # Terraform asks again as soon as the credentials have been put right.
    read_credentials()
    return examine_backend()


def _compared(health: Health) -> Health:
    """Compare, every few minutes, what the backend knows of the catalog with the catalog.

    Raises
    ------
    StorageError
    """
    registry = current_registry(fresh=True)
    deployment = registry.deployment
    due = (health.compared_at or "") <= clock.later(-_COMPARED_SECONDS)
    if deployment.id and not due and health.generation == deployment.generation:
        return health
    backend = own_backend()
    held = why_held(backend, deployment) if deployment.id else None
    # A catalog that was set back must not catch up with its backends by itself.
    may_rise = held is None and not any(
        one.health.removals_held for name, one in registry.clusters.items() if name != _own()
    )
    if may_rise and deployment.raised_at <= clock.later(-_GENERATION_SECONDS):
        deployment = raise_generation(at=clock.now(), fresh=False)
        held = why_held(backend, deployment)
    return replace(
        _with_journal(health, backend, deployment),
        removals_held=held,
        compared_at=clock.now(),
        generation=deployment.generation,
    )


def _with_journal(health: Health, backend: StorageBackend, deployment: Deployment) -> Health:
    """Note when the newest segment was written, and whether the last snapshot is there."""
    newest = newest_segment(backend, deployment, since=health.journal_at)
    last = Snapshots.from_json(read(JOURNAL, SNAPSHOT) or {}).last
    if last is not None and _own() in last.complete_on:
        try:
            backend.stat(complete_key(deployment.id, last.id))
        except ReplicaNotFound:
            return replace(health, journal_at=newest, returned_at=clock.now())
    return replace(health, journal_at=newest)


def _own() -> str:
    return settings().cluster


def judge(health: Health, found: Probe) -> Health:
    """Return the health after one more probe."""
    succeeded = found.reason is None
    read_ms = health.read_ms
    if found.read_ms is not None:
        before = found.read_ms if read_ms is None else read_ms
        read_ms = round((1 - _SMOOTHING) * before + _SMOOTHING * found.read_ms, 1)
    following = replace(
        health,
        checked_at=clock.now(),
        read_ms=read_ms,
        reason=found.reason,
        marked=health.marked or found.marked,
        streak=0,
    )
    if succeeded == health.healthy:
        return _returned(health, following)
    streak = health.streak + 1
    if streak < (SUCCESSES_TO_ACTIVE if succeeded else FAILURES_TO_DOWN):
        return replace(following, streak=streak)
    if succeeded:
        return _returned(health, replace(following, healthy=True, down_since=None))
    return replace(following, healthy=False, down_since=clock.now())


def _returned(before: Health, health: Health) -> Health:
    """Note when a cluster is well again that was away for long, or was not checked for long."""
    heard = before.down_since or before.checked_at
    if not health.healthy or heard is None or heard > clock.later(-limits.AWAY_SECONDS):
        return health
    return replace(health, returned_at=clock.now())


def probe(*, marked: bool) -> Probe:
    """Write, read and delete a small replica that belongs to no object, and look at the marker.

    Parameters
    ----------
    marked
        Whether the backend must have the marker; else it gets it.
    """
    content = os.urandom(_PROBE_BYTES)
    key = f"{_PREFIX}/{settings().cluster}-{clock.new_id()}"
    try:
        backend = own_backend()
        if not marked:
            mark(backend)
        elif not _is_marked(backend):
            return Probe(reason="the backend has lost all, or is another one: its marker is gone")
        put_bytes(backend, key, content)
        started = clock.elapsed()
        with backend.get(key) as reader:
            read = reader.read()
        elapsed = clock.elapsed() - started
        backend.delete(key)
    except StorageError as error:
        return Probe(reason=f"{type(error).__name__}: {error}")
    if read != content:
        return Probe(reason="the bytes read differ from the bytes written")
    return Probe(read_ms=elapsed * 1000, marked=True)


def _is_marked(backend: StorageBackend) -> bool:
    try:
        backend.stat(MARKER)
    except ReplicaNotFound:
        # An operator who sets the cluster ACTIVE wants it written anew.
        override = read(OPERATOR, settings().cluster) or {}
        if override.get("state") != ClusterState.ACTIVE:
            return False
        mark(backend)
    return True
