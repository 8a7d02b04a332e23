"""run_jobs: work on the operators' jobs, for up to a minute at a time.

Any cluster may work on any job; a lease ensures that only one does at a time. A job goes through
all objects in passes. It moves misplaced replicas with the state machine that writes replicas, no
faster than the job's rate. The next pass checks whether the moves have ended.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from mcos import clock, limits
from mcos.catalog import deleted, jobs, objects
from mcos.catalog.registry import current_registry, tidy
from mcos.errors import Conflict, NotEnoughClusters
from mcos.model import lifecycle
from mcos.model.clusters import Registry
from mcos.model.jobs import Job, JobKind, JobState
from mcos.model.objects import ObjectRecord
from mcos.model.versions import Replica
from mcos.placement.moves import Move, gone_clusters, wanted_moves, written_off
from mcos.replicas.backend import new_incarnation
from mcos.replicas.source import source_of
from mcos.settings import settings
from mcos.versions import execution

_log = logging.getLogger(__name__)

_PAGE = 100
# In the cursor of a pass that has come to the deleted versions, which it goes through last.
_DELETED = "deleted"
_SIDE_BY_SIDE = 4
# Between two passes, so that moves can end.
_PAUSE_SECONDS = 2.0
# For this long, a call that read the registry before a drain may still place a replica there.
_UNNOTICED_SECONDS = limits.REGISTRY_AGE_SECONDS + limits.WAIT_SECONDS_MAX + 5


class _Planned(NamedTuple):
    record: ObjectRecord
    move: Move


def run_jobs(*, seconds: float) -> dict[str, int]:
    """Work on all running jobs that no other cluster works on.

    On none while the catalog may have been set back: see ``Registry.why_doubtful``.

    Parameters
    ----------
    seconds
        Time after which no further page of objects is begun.

    Returns
    -------
    Number of replicas that were started to move, by job id.
    """
    doubt = current_registry(fresh=True).why_doubtful(settings().cluster, clock.moment())
    if doubt is not None:
        _log.error("no job is worked on: %s", doubt)
        return {}
    tidy()
    until = clock.elapsed() + seconds
    moved = {}
    for job in jobs.all_jobs():
        if job.state is JobState.PROPOSED:
            jobs.begin_or_drop(job)
            continue
        leased = _lease(job, seconds)
        if leased is not None:
            moved[job.id] = _work(leased, until) - job.moved
    return moved


def _lease(job: Job, seconds: float) -> Job | None:
    """Lease a job for this function alone; None if it is over, or another function has it.

    A job of a kind that only a newer release knows is left to that release's functions.
    """
    if not isinstance(job.kind, JobKind):
        return None
    if job.state is not JobState.RUNNING or (job.leased_until or "") > clock.now():
        return None
    # Longer than ``seconds``, because the last page may end later.
    until = clock.later(seconds + limits.WAIT_SECONDS_MAX)
    return jobs.replace_if_unchanged(job, replace(job, leased_until=until))


def _work(job: Job, until: float) -> int:
    """Work on a job until it is over or the time is up; return the moves that it has started."""
    while clock.elapsed() < until:
        following = _page(job, until)
        written = jobs.replace_if_unchanged(job, following)
        if written is None:
            return following.moved  # an operator stopped the job
        job = written
        if job.state is not JobState.RUNNING:
            return job.moved
        if job.cursor is None:
            clock.sleep(_PAUSE_SECONDS)
    jobs.replace_if_unchanged(job, replace(job, leased_until=None))
    return job.moved


def _page(job: Job, until: float) -> Job:
    """Process one page of objects and return the job afterwards.

    If the time is up before the page is done, the job stays at the beginning of the page.
    """
    started = job.pass_started_at or clock.now()
    if job.cursor is not None and _DELETED in job.cursor:
        return _page_of_deleted(job, started)
    page = objects.scan(job.cursor, limit=_PAGE)
    # Read after the objects, which may name a cluster that was just linked.
    registry = current_registry(fresh=True)
    # Between two passes a job has the count of the last one.
    counted = job.stuck if job.pass_started_at else 0
    waiting, stuck, planned = job.waiting, counted, []
    for found in page.records:
        try:
            record = _without_needless(job, found, registry)
            wanted = wanted_moves(job, record, registry)
        except NotEnoughClusters:
            waiting, stuck = waiting + 1, stuck + 1
            continue
        except Exception:
            # One object must not hold up the others; the next pass looks at it again.
            _log.exception("an object could not be looked at")
            waiting += 1
            continue
        if wanted is not None:
            waiting += 1
            planned += [_Planned(record, move) for move in wanted[:1]]
    moved, all_done = _move_all(planned, job.rate, registry, until)
    if not all_done:
        return replace(job, moved=job.moved + moved, pass_started_at=started, stuck=counted)
    following = replace(
        job,
        cursor=page.cursor,
        pass_started_at=started,
        examined=job.examined + len(page.records),
        waiting=waiting,
        stuck=stuck,
        moved=job.moved + moved,
    )
    if page.cursor is not None:
        return following
    if job.kind is JobKind.DRAIN:
        return replace(following, cursor={_DELETED: None})
    return _after_pass(following, started)


def _page_of_deleted(job: Job, started: str) -> Job:
    """Wait for the deleted versions that a cluster has copies of: they go when they are due."""
    page = deleted.scan(job.cursor[_DELETED] if job.cursor else None, limit=_PAGE)
    on_it = sum(one.is_on(job.cluster or "") for one in page.deleted)
    following = replace(job, waiting=job.waiting + on_it, cursor={_DELETED: page.cursor})
    return _after_pass(following, started) if page.cursor is None else following


def _after_pass(job: Job, started: str) -> Job:
    """Return a job whose pass has gone through everything."""
    waiting = job.waiting
    done = waiting == 0 and started > _noticed_by_all(job)
    return replace(
        job,
        state=JobState.DONE if done else JobState.RUNNING,
        passes=job.passes + 1,
        cursor=None,
        pass_started_at=None,
        # A job that is over keeps the counts of its last pass.
        examined=job.examined if done else 0,
        waiting=0,
        remaining=waiting,
    )


def _without_needless(job: Job, record: ObjectRecord, registry: Registry) -> ObjectRecord:
    """Give up what need not move.

    What clusters had of an object that are lost, or not linked any more; and, of one that is
    drained, the version before the current one, which would wait for that to be stored.
    """
    if job.kind is JobKind.DRAIN:
        cluster = job.cluster or ""

        def give_way(found: ObjectRecord | None) -> ObjectRecord | None:
            return found and lifecycle.give_way(found, cluster)

        if give_way(record) is not record:
            record = objects.change_guessed(record.key, give_way, record) or record
        return record
    for name in gone_clusters(record, registry):

        def write_off(found: ObjectRecord | None, name: str = name) -> ObjectRecord | None:
            return found and written_off(found, name, registry, incarnation=new_incarnation())

        if write_off(record) is not record:
            record = objects.change_guessed(record.key, write_off, record) or record
    return record


def _noticed_by_all(job: Job) -> str:
    """Return the time from which no call places replicas by the registry from before the job."""
    began = datetime.fromisoformat(job.created_at)
    return clock.text(began + timedelta(seconds=_UNNOTICED_SECONDS))


def _move_all(
    planned: Sequence[_Planned], rate: float, registry: Registry, until: float
) -> tuple[int, bool]:
    """Make moves, four at a time, and wait for each, so that a slow backend is not flooded.

    Returns
    -------
    The number of moves started, and whether the time sufficed for all.
    """
    moved = 0
    with ThreadPoolExecutor(max_workers=_SIDE_BY_SIDE) as pool:
        for first in range(0, len(planned), _SIDE_BY_SIDE):
            if clock.elapsed() > until:
                return moved, False
            began = clock.elapsed()
            few = planned[first : first + _SIDE_BY_SIDE]
            moved += sum(pool.map(lambda one: _moved(one.record, one.move, registry), few))
            clock.sleep(max(0.0, len(few) / rate - (clock.elapsed() - began)))
    return moved, True


def _moved(record: ObjectRecord, wanted: Move, registry: Registry) -> bool:
    try:
        return _move(record, wanted, registry)
    except Exception:
        _log.exception("an object could not be moved")
        return False


def _move(record: ObjectRecord, wanted: Move, registry: Registry) -> bool:
    """Make one move; False if the object changed meanwhile."""
    version = record.current
    if version is None:
        return False
    arriving = None
    if wanted.target is not None:
        arriving = lifecycle.NewReplica(
            wanted.target,
            Replica(registry.clusters[wanted.target].backend, new_incarnation()),
        )
    try:
        moving = objects.change_guessed(
            record.key,
            lambda found: lifecycle.move(found, version.id, source=wanted.source, target=arriving),
            record,
        )
    except Conflict:
        return False
    current = moving.current if moving else None
    if moving is None or current is None or current.is_settled:
        return False
    # A failed write goes to the target's repair queue; the sweeper finishes an interrupted one.
    given = execution.execution_input(
        moving,
        current,
        mode="respond-async",
        source=source_of(current),
        targets=[wanted.target] if wanted.target else [],
    )
    with suppress(execution.TooManyExecutions, execution.NoResult):
        if current.part_size > 0:
            execution.start(given)
        else:
            execution.run(given, wait_seconds=limits.WAIT_SECONDS_MAX)
    return True
