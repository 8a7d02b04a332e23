"""The operators' jobs."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pynamodb.exceptions import DoesNotExist, PutError, TransactWriteError

from mcos import clock
from mcos.catalog import registry
from mcos.catalog.tables import JobItem, RegistryItem, is_condition_failure
from mcos.catalog.transactions import is_lost_race, transaction
from mcos.errors import Conflict, JobNotFound
from mcos.model.jobs import Job

_TRIES = 12


def start(
    job: Job, kind: str, name: str, document: Mapping[str, Any], *, before: Mapping[str, Any] | None
) -> bool:
    """Write a new job and the registry's item that names it, in one transaction.

    Parameters
    ----------
    kind, name, document
        The item; see ``mcos.catalog.registry``.
    before
        The item's document as it was read; None: there was no item.

    Returns
    -------
    False, with nothing changed, if the item has changed since.
    """
    try:
        with transaction() as both:
            both.save(
                RegistryItem(kind, name, document=dict(document)),
                registry.unchanged_condition(before),
            )
            both.save(item_of(job), JobItem.job.does_not_exist())
    except TransactWriteError as error:
        if is_lost_race(error):
            return False
        raise
    registry.forget()
    return True


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
    """Return every job, the newest first. One Scan reads them, because there are few."""
    found = [_job(item) for item in JobItem.scan(consistent_read=True)]
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
