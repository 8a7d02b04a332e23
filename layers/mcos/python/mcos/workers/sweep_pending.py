"""sweep_pending: find and finish unfinished work.

An execution or a message may be lost, and a function may end between two steps. An object that
still needs work stays in a sparse index, which this function sweeps.
"""

import logging
from collections import Counter
from contextlib import suppress
from functools import partial

from mcos import clock, staging
from mcos.catalog import objects
from mcos.catalog.registry import all_clusters, current_registry, sweepers
from mcos.errors import ContainerNotFound, ObjectNotFound
from mcos.model import lifecycle
from mcos.model.objects import Container, ObjectKey, ObjectRecord, State
from mcos.model.versions import Version
from mcos.placement.moves import abandoned
from mcos.replicas import repair_queue
from mcos.replicas.backend import new_incarnation
from mcos.replicas.source import READ_ERRORS
from mcos.settings import settings
from mcos.versions import dispose, execution, loans, replicate_queue, retention
from mcos.versions.commit import commit_version
from mcos.versions.take import container_of
from mcos.workers.sweep_deleted import sweep_deleted
from mcos.workers.sweep_uploads import sweep_uploads

_log = logging.getLogger(__name__)

_AT_ONCE = 100

_REPAIRS_AT_ONCE = 190
"""Most objects that are sent to the cluster's repair queue at once, less what is there already."""

_REPAIRS_AT_LEAST = 10
"""So many are sent whatever is there: it may be what will never succeed."""

_AGAIN_AT_ONCE = 500

_CONTAINER_SECONDS = 3 * 24 * 3600
"""So long the container of what may have been acknowledged may be missing: restoring a table to an
earlier moment can take its item away for a while."""

_CONTENT_SECONDS = 24 * 3600
"""The same for the only content of what was acknowledged."""

_FIRST_LOOKS = 2
"""So often the sweeper looks at an object before it looks for its content."""


def sweep_pending(*, older_than_seconds: float, seconds: float) -> dict[str, int]:
    """Sweep the objects that this cluster accepted, and those that wait for its replica.

    Objects of clusters that do not sweep any more are swept like its own. Nothing is swept while
    the catalog may have been set back: see ``Registry.why_doubtful``.

    Parameters
    ----------
    older_than_seconds
        Only objects that were last written this long ago; longer than an execution takes.
    seconds
        Time after which no further object is looked at.

    Returns
    -------
    Number of objects by the action taken: ``settled``, ``disposed``, ``removed``, ``restarted``,
    ``waits`` (its container is missing), ``given_up`` (its content was lost) or ``failed``; of
    uploads, see ``mcos.workers.sweep_uploads``; and of deleted versions, see
    ``mcos.workers.sweep_deleted``.
    """
    doubt = current_registry().why_doubtful(settings().cluster, clock.moment())
    if doubt is not None:
        _log.error("nothing is swept: %s", doubt)
        return {}
    before, until = clock.later(-older_than_seconds), clock.elapsed() + seconds
    running = execution.Running()
    done = Counter(sweep_uploads(limit=_AT_ONCE))
    # In the order of what is lost if it waits.
    for cluster in sweepers():
        _sweep_all(cluster, before, until, done, running)
    own = all_clusters().get(settings().cluster)
    if own is not None and own.is_up:
        # As many as the cluster can repair soon; the others wait in the catalog, not in the queue.
        ready = repair_queue.ready(own.repair_queue_url)
        at_most = max(_REPAIRS_AT_ONCE - ready, _REPAIRS_AT_LEAST)
        _sweep_all(objects.waiting_for(own.name), before, until, done, running, at_most=at_most)
    for cluster in sweepers():
        again = objects.looked_at_by(cluster)
        _sweep_all(again, before, until, done, running, at_most=_AGAIN_AT_ONCE)
    done.update(sweep_deleted(until=until, limit=_AT_ONCE))
    return dict(done)


def _sweep_all(
    partition: str,
    before: str,
    until: float,
    done: Counter[str],
    running: execution.Running,
    *,
    at_most: int | None = None,
) -> None:
    """Sweep the objects of a partition of the index, the oldest first."""
    swept: set[ObjectKey] = set()
    while at_most is None or len(swept) < at_most:
        limit = _AT_ONCE if at_most is None else min(_AT_ONCE, at_most - len(swept))
        found = objects.find_unsettled(partition, before=before, limit=limit)
        fresh = [key for key in found if key not in swept]
        for key in fresh:
            if clock.elapsed() > until:
                return
            done[_swept(key, running)] += 1
        swept.update(fresh)
        if not fresh or len(found) < limit:
            return


def _swept(key: ObjectKey, running: execution.Running) -> str:
    try:
        return _sweep(key, running)
    except Exception:
        # An object that cannot be swept must not hold up the others, now or in a minute.
        _log.exception("an object could not be swept")
        with suppress(Exception):
            objects.change(key, lifecycle.touch)
        return "failed"


def _sweep(key: ObjectKey, running: execution.Running) -> str:
    record = objects.get(key)
    if record is None or not record.is_unsettled:
        return "settled"
    if record.state is State.DELETING or record.owes:
        record = dispose.dispose(record)
        if record is None or not record.is_unsettled:
            return "disposed"
    # Their call may have ended before it looked at the container.
    unchecked = [one for one in record.versions if not one.stored]
    container = _container(record) if unchecked or not record.is_admitted else None
    has_container = record.is_admitted or container is not None
    if not has_container and not _may_be_acknowledged(record):
        return _remove(record)
    missed = not has_container or _is_content_gone(record)
    # Write it again, so that the next sweep looks at it only after the same time.
    touch = partial(
        lifecycle.touch, admitted=has_container, missed_at=clock.now() if missed else None
    )
    retained = {one.id: retention.lengthened(one, container) for one in unchecked}

    def look(found: ObjectRecord | None) -> ObjectRecord | None:
        following = touch(found)
        for version_id, until in retained.items():
            following = lifecycle.retain(following, version_id, until)
        return following

    looks = record.sweeps + 1
    record = objects.change_guessed(key, partial(_if_unchanged, record.revision, look), record)
    if record is None or record.sweeps != looks:
        return "settled"  # or changed since: then the next sweep looks for its container
    if not has_container:
        return _remove(record) if _is_missed_for(record, _CONTAINER_SECONDS) else "waits"
    current = record.current
    if current is not None and missed and _is_missed_for(record, _CONTENT_SECONDS):
        return _give_up(record, current)
    if current is not None and current.is_acknowledged and not current.is_readable:
        record = _finish(record, current)
    elif current is not None and not current.is_settled:
        _settle(record, current, running)
    for version in record.pending:
        record = _finish(record, version)
    return "restarted"


def _container(record: ObjectRecord) -> Container | None:
    """Return the object's container; None: its item is not there."""
    try:
        return container_of(record)
    except ContainerNotFound:
        return None


def _may_be_acknowledged(record: ObjectRecord) -> bool:
    """Whether a caller may have been told that a version is taken of which nothing is stored."""
    return any(one.mode == "respond-async" for one in record.versions)


def _is_content_gone(record: ObjectRecord) -> bool:
    """Whether nothing of what readers see is there any more: no replica, and nothing staged.

    A staging bucket that is gone as a whole may come back.
    """
    version = record.current
    if version is None or version.stored or version.staged is None or record.sweeps < _FIRST_LOOKS:
        return False
    if any(one.replaces for one in version.replicas.values()):
        return False  # a copy was found damaged, perhaps wrongly
    staged, bucket = version.staged, staging.bucket_of(version.staged.cluster)
    if bucket is None:
        return False
    last = 0 if version.size else None
    try:
        content = staging.open_content(bucket, staged.key, staged.version, staged.etag, last=last)
    except READ_ERRORS as error:
        _log.warning("staging of %s: %s", staged.cluster, type(error).__name__)
        return False
    if content is not None:
        content.close()
    return content is None


def _is_missed_for(record: ObjectRecord, seconds: float) -> bool:
    """Whether every sweep of so long has missed the object's container, or its content."""
    return record.missed_since is not None and record.missed_since <= clock.later(-seconds)


def _remove(record: ObjectRecord) -> str:
    """Remove an object that has no container, unless it was changed since."""
    accept = partial(lifecycle.accept_delete, cluster=settings().cluster, at=clock.now())
    delete = partial(_if_unchanged, record.revision, accept)
    with suppress(ObjectNotFound):
        dispose.dispose(objects.change(record.key, delete))
    return "removed"


def _give_up(record: ObjectRecord, version: Version) -> str:
    """Give up a version whose content is lost; readers see the one before it, if there is any."""
    _log.error("the content of %s is lost", version.id)
    _abandon(record, version, "Its staged content was lost before it was stored.")
    return "given_up"


def _if_unchanged(
    revision: str, transition: objects.Transition, record: ObjectRecord | None
) -> ObjectRecord | None:
    """Change the record that was looked at; what was seen does not hold for a later one."""
    if record is None or record.revision != revision:
        return record
    return transition(record)


def _settle(record: ObjectRecord, version: Version, running: execution.Running) -> None:
    """Continue a version that readers see and that has a missing or leaving replica."""
    if running.writes(version):
        return
    for name in version.missing:
        cluster = all_clusters().get(name)
        if cluster is not None and cluster.is_up:
            message = repair_queue.put_message(record.key, version.id)
            repair_queue.send(cluster.repair_queue_url, message)
    if not version.missing:
        commit_version(record, version, {})


def _finish(record: ObjectRecord, version: Version) -> ObjectRecord:
    """Continue an asynchronous version, or abandon a pending one that nobody was told of."""
    if version.mode == "respond-async" and not loans.is_unconfirmed(version):
        clusters = all_clusters()
        if any(clusters[one].is_up for one in version.missing if one in clusters):
            replicate_queue.send_again(record.key, version)
        return record
    # Its caller was answered long ago, or its function ended with the only copy of the bytes.
    return _abandon(record, version, "The call that created it was cut off.") or record


def _abandon(record: ObjectRecord, version: Version, reason: str) -> ObjectRecord | None:
    registry, incarnation = current_registry(), new_incarnation()

    def abandon(found: ObjectRecord | None) -> ObjectRecord | None:
        return found and abandoned(found, version, registry, reason=reason, incarnation=incarnation)

    return dispose.dispose(objects.change(record.key, abandon))
