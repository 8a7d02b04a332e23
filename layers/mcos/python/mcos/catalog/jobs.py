"""The operators' jobs.

Of the jobs that would get into each other's way, the registry names the one that runs: a cluster's
override names its drain. A job is PROPOSED first, then the registry names it, then it is RUNNING.
Once it is named, anybody may let it begin; one that is not named never begins, and is dropped.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pynamodb.exceptions import DeleteError, DoesNotExist, PutError

from mcos import clock
from mcos.catalog import registry
from mcos.catalog.scrubs import is_scrub
from mcos.catalog.tables import JobItem, is_condition_failure
from mcos.errors import Conflict, JobNotFound
from mcos.model.jobs import Job, JobState

_TRIES = 12
_REBALANCE = "rebalance"
_PROPOSED = timedelta(minutes=2)  # longer than a call takes to have it named


def naming(cluster: str | None) -> tuple[str, str]:
    """Return kind and name of the registry's item that names the job of a cluster, or of all."""
    return (registry.JOB, _REBALANCE) if cluster is None else (registry.OPERATOR, cluster)


def start(job: Job, document: Mapping[str, Any], *, before: Mapping[str, Any] | None) -> Job | None:
    """Write a PROPOSED job, have the registry name it, and let it begin: three network calls.

    Parameters
    ----------
    document
        The registry's item that names the job: see ``naming``.
    before
        The item's document as it was read; None: there was no item.

    Returns
    -------
    The job, RUNNING; None, with nothing changed, if the item has changed since.
    """
    try:
        item_of(job).save(JobItem.job.does_not_exist())
    except PutError as error:
        if not is_condition_failure(error):
            raise  # otherwise it is there, and the reply was lost
    if not registry.replace(*naming(job.cluster), document, before=before) and not _is_named(job):
        return None
    try:
        return replace_if_unchanged(job, _begun(job)) or begin(job)
    except JobNotFound:
        return None  # it took so long that another call dropped it


def begin(job: Job) -> Job:
    """Let a job that the registry names begin; one that has begun before does not change.

    Raises
    ------
    JobNotFound, Conflict
    """
    return change(job.id, _begun)


def _begun(job: Job) -> Job:
    return replace(job, state=JobState.RUNNING) if job.state is JobState.PROPOSED else job


def begin_or_drop(job: Job) -> None:
    """Let a PROPOSED job begin if the registry names it; drop it if it has waited in vain."""
    if _is_named(job):
        begin(job)
    elif datetime.fromisoformat(job.created_at) + _PROPOSED < clock.moment():
        try:
            JobItem(job.id).delete(JobItem.revision == job.revision)
        except DeleteError as error:
            if not is_condition_failure(error):
                raise


def _is_named(job: Job) -> bool:
    found = registry.read(*naming(job.cluster))
    return found is not None and found.get("job") == job.id


def get(job_id: str) -> Job:
    """Read a job, strongly consistent: one network call.

    Raises
    ------
    JobNotFound
    """
    try:
        return _job(JobItem.get(job_id, consistent_read=True))
    except DoesNotExist:
        raise JobNotFound(f"There is no job {job_id!r}.") from None


def all_jobs() -> list[Job]:
    """Return every job, the newest first. One Scan reads them, because there are few.

    The scrubs of clusters are in the table too, and are no operator's jobs.
    """
    found = [_job(item) for item in JobItem.scan(consistent_read=True) if not is_scrub(item)]
    return sorted(found, key=lambda job: job.id, reverse=True)


def change(job_id: str, transition: Callable[[Job], Job]) -> Job:
    """Read a job and write what ``transition`` returns, repeated while other calls change the job.

    Parameters
    ----------
    transition
        Pure; it returns the job that it was given to change nothing.

    Raises
    ------
    JobNotFound
    Conflict
        Other calls kept changing the job.
    """
    for _ in range(_TRIES):
        job = get(job_id)
        following = transition(job)
        if following is job:
            return job
        if written := replace_if_unchanged(job, following):
            return written
    raise Conflict("Other calls changed the job at the same time; try again.")


def replace_if_unchanged(job: Job, following: Job) -> Job | None:
    """Write ``following`` if ``job`` has not changed since it was read.

    Returns
    -------
    The written job, with a new revision; None, with nothing changed, if the job has changed.
    """
    following = replace(following, updated_at=clock.now(), revision=clock.new_id())
    try:
        item_of(following).save(JobItem.revision == job.revision)
    except PutError as error:
        if is_condition_failure(error):
            return None
        raise
    return following


def item_of(job: Job) -> JobItem:
    """Return the table's item for a job."""
    return JobItem(job.id, revision=job.revision, document=job.as_json())


def _job(item: JobItem) -> Job:
    return Job.from_json(item.document)
