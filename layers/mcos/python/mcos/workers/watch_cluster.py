"""watch_cluster: look for what an operator must know of.

Each cluster looks at what is its own, and at what the registry says of all: so one whose functions
do not work any more is noticed by the others.
"""

from collections.abc import Sequence
from itertools import chain

from mcos import clock, limits
from mcos.catalog import deleted, jobs, objects, registry, scrubs, uploads
from mcos.catalog.registry import current_registry
from mcos.model.concerns import (
    Finding,
    QueueState,
    Watched,
    of_jobs,
    of_objects,
    of_queues,
    of_registry,
    of_scrub,
    of_snapshots,
)
from mcos.model.journal import Snapshots
from mcos.replicas import repair_queue
from mcos.settings import scrub_settings, settings, watched_queues

_AT_ONCE = 25
"""Of so many objects in each partition of the index the oldest is looked for."""

_A_DAY = 24 * 3600


def watch_cluster() -> list[Finding]:
    """Look at this cluster, and at what the registry says of all; note what is this cluster's own.

    Returns
    -------
    All that is wrong.

    Raises
    ------
    BotoCoreError, ClientError, PynamoDBException
        Something could not be looked at: then nothing is noted, and the cluster becomes silent.
    """
    own, moment = settings().cluster, clock.moment()
    given = current_registry(fresh=True)
    before = Watched.from_json(given.watched[own]) if own in given.watched else None
    began_at = before.began_at if before else clock.now()
    queues = {
        name: _seen(url, before.queues.get(name) if before else None)
        for name, url in watched_queues()["queues"].items()
    }
    dead = {
        name: repair_queue.waiting(url) for name, url in watched_queues()["dead_letters"].items()
    }
    swept = registry.sweepers()
    partitions = chain.from_iterable((one, objects.looked_at_by(one)) for one in swept)
    unsettled = max(map(_longest, partitions))
    missing = _longest(objects.waiting_for(own))
    every_days = scrub_settings().every_days
    findings = (
        *of_queues(own, queues, dead, moment),
        *of_objects(own, unsettled=unsettled, missing=missing, overdue=_overdue(swept)),
        *of_scrub(own, scrubs.get(own), every_days=every_days, began_at=began_at, moment=moment),
    )
    watched = Watched(
        at=clock.now(),
        began_at=began_at,
        findings=findings,
        queues=queues,
        dead_letters=dead,
        unsettled_seconds=round(unsettled),
        missing_seconds=round(missing),
    )
    registry.write(registry.WATCHED, own, watched.as_json())
    others = {name: Watched.from_json(one) for name, one in given.watched.items()}
    snapshots = Snapshots.from_json(registry.read(registry.JOURNAL, registry.SNAPSHOT) or {})
    return [
        *findings,
        *of_registry(given, {**others, own: watched}, moment),
        *of_jobs(jobs.all_jobs(), moment),
        *of_snapshots(snapshots, began_at=began_at, moment=moment),
    ]


def _seen(queue_url: str, before: QueueState | None) -> QueueState:
    """Look at a queue; ``before`` is how it was seen last."""
    ready, held = repair_queue.counts(queue_url)
    busy_since = (before.busy_since if before else None) or clock.now()
    return QueueState(ready, held, busy_since if ready else None)


def _longest(partition: str) -> float:
    """Return for how long the oldest object in a partition of the index waits, in seconds."""
    # However late it is that the sweeper looks again.
    found = objects.find_unsettled(partition, before=clock.later(_A_DAY), limit=_AT_ONCE)
    records = [record for record in map(objects.get, found) if record and record.is_unsettled]
    return max((objects.waited_seconds(one, clock.moment()) for one in records), default=0.0)


def _overdue(clusters: Sequence[str]) -> list[str]:
    """Return what the sweeper should have looked at long ago, beside objects."""
    before = clock.later(-limits.UNSETTLED_SECONDS)
    found = {
        "uploads": (uploads.find_expired(one, before=before, limit=1) for one in clusters),
        "deleted versions": (deleted.find_due(one, before=before, limit=1) for one in clusters),
    }
    return [what for what, keys in found.items() if any(keys)]
