"""Queueing the replication of an accepted version, or running it if the caller waits."""

import logging

from mcos import clock
from mcos.aws import AWS_ERRORS
from mcos.catalog import objects
from mcos.catalog.registry import current_registry
from mcos.errors import NotEnoughClusters, ReplicationFailed, Superseded
from mcos.model import lifecycle
from mcos.model.lifecycle import Outcome
from mcos.model.objects import ObjectRecord
from mcos.model.versions import Replica, Version
from mcos.placement import resolver
from mcos.replicas.backend import new_incarnation
from mcos.replicas.source import inline, source_of
from mcos.versions import dispose, execution, replicate_queue
from mcos.versions.make import Content, Prefer
from mcos.versions.take import version_in

_log = logging.getLogger(__name__)

# With less of the caller's wait left, writing to a spare would not end in time.
_SPARE_SECONDS = 2


def store(
    record: ObjectRecord, version_id: str, content: Content | None, prefer: Prefer
) -> ObjectRecord:
    """Have the replicas of an accepted version written.

    Parameters
    ----------
    content
        None: the version borrows it.

    Returns
    -------
    The record for the answer: as it was accepted (asynchronous), or with the version complete
    (synchronous).

    Raises
    ------
    ReplicationFailed
        Synchronous: not all replicas could be stored in time; nothing was kept.
    Superseded
        Synchronous: a later change of the object was accepted.
    """
    if prefer.mode == "wait":
        return _store_and_wait(record, version_id, content, prefer.wait_seconds)
    begin(record, version_id)
    return record


def begin(record: ObjectRecord, version_id: str) -> None:
    """Queue the replication of a staged version; if that fails, the sweeper will queue it."""
    try:
        replicate_queue.send(record.key, version_id)
    except AWS_ERRORS as error:
        # The record and the staged content are durable: the sweeper will queue it.
        _log.warning("%s was not queued: %s", version_id, type(error).__name__)


def _store_and_wait(
    record: ObjectRecord, version_id: str, content: Content | None, wait_seconds: float
) -> ObjectRecord:
    """Write to the targets, and to spares instead of failed targets, while there is time."""
    deadline = clock.elapsed() + wait_seconds
    version = version_in(record, version_id)
    is_inline = content is not None and version.staged is None
    source = inline(content.body) if content and is_inline else source_of(version)
    targets = list(version.replicas)
    stored: set[str] = set()
    failed: set[str] = set()
    while True:
        seconds_left = deadline - clock.elapsed()
        if seconds_left <= 0:
            result = None  # nothing was begun, and the caller waits no more
            break
        given = execution.execution_input(
            record, version, mode="wait", source=source, targets=targets
        )
        try:
            result = execution.run(given, wait_seconds=seconds_left)
        except execution.NoResult:
            result = None
        if result is None or result.outcome is not Outcome.INCOMPLETE:
            break
        stored |= result.stored
        failed |= set(targets) - stored
        spares = _spares(record, version, kept=stored, avoided=failed)
        if not spares or deadline - clock.elapsed() < _SPARE_SECONDS:
            break
        changed = _exchange(record, version, stored, failed, spares)
        if changed is None or (found := changed.find(version_id)) is None:
            raise Superseded("A later change of the object was accepted; this one was dropped.")
        record, version, targets = changed, found, list(spares)
    outcome = result.outcome if result else None
    if outcome in (None, Outcome.INCOMPLETE):
        outcome = _give_up(record, version_id)
    if outcome is Outcome.COMMITTED:
        committed, _ = lifecycle.commit(record, version_id, version.copies(version.replicas))
        if committed is None:
            raise AssertionError("a commit keeps its record")
        return committed
    if outcome is Outcome.INCOMPLETE:
        raise ReplicationFailed("Not all replicas could be stored; nothing was kept.")
    raise Superseded("A later change of the object was accepted; this one was dropped.")


def _spares(
    record: ObjectRecord, version: Version, *, kept: set[str], avoided: set[str]
) -> dict[str, Replica]:
    """Return spares' replicas for the missing ones, by cluster; empty if there are too few."""
    registry = current_registry()
    policy = registry.policies.get(version.storage_policy)
    if policy is None:
        return {}
    key = record.key
    try:
        chosen = resolver.complete(
            registry.clusters.values(), policy, key, kept=kept, avoided=avoided
        )
    except NotEnoughClusters:
        return {}
    return {cluster.name: Replica(cluster.backend, new_incarnation()) for cluster in chosen}


def _exchange(
    record: ObjectRecord,
    version: Version,
    stored: set[str],
    failed: set[str],
    spares: dict[str, Replica],
) -> ObjectRecord | None:
    """Record the spares before they are written to, so that every stored replica is recorded."""
    key = record.key
    return objects.change_guessed(
        key,
        lambda found: lifecycle.exchange(
            found, version.id, stored=version.copies(stored), failed=failed, added=spares
        ),
        record,
    )


def _give_up(record: ObjectRecord, version_id: str) -> Outcome:
    """Abandon a version, unless it was committed meanwhile."""
    outcome = Outcome.GONE

    def transition(found: ObjectRecord | None) -> ObjectRecord | None:
        nonlocal outcome
        following, outcome = lifecycle.abandon(
            found, version_id, reason="Not all replicas could be stored.", forget=True
        )
        return following

    key = record.key
    dispose.dispose(objects.change(key, transition))
    return outcome
