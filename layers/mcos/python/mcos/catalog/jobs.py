"""The operators' jobs."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from pynamodb.exceptions import DoesNotExist, PutError, TransactWriteError

from mcos import clock
from mcos.catalog import registry
from mcos.catalog.tables import JobItem, RegistryItem, condition_failed
from mcos.catalog.transactions import lost_race, transaction
from mcos.errors import Conflict, JobNotFound
from mcos.model.jobs import Job, JobKind, JobState

_TRIES = 12


def create(job: Job) -> None:
    """Write a new job."""
    item_of(job).save(JobItem.job.does_not_exist())


def start(
    job: Job, kind: str, name: str, document: Mapping[str, Any], *, before: Mapping[str, Any] | None
) -> bool:
    """Write a new job, and the fact of the registry that speaks of it, both or none.

    Parameters
    ----------
    kind, name, document
        The fact; ``mcos.catalog.registry``.
    before
        What it was when it was read; None: it was not there.

    Returns
    -------
    False, with nothing changed, if the fact is another one now.
    """
    try:
        with transaction() as both:
            both.save(RegistryItem(kind, name, document=dict(document)), registry.unchanged(before))
            both.save(item_of(job), JobItem.job.does_not_exist())
    except TransactWriteError as error:
        if lost_race(error):
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
    """Every job, the newest first. There are few: a Scan reads them."""
    found = [_job(item) for item in JobItem.scan(consistent_read=True)]
    return sorted(found, key=lambda job: job.id, reverse=True)


def change(job_id: str, transition: Callable[[Job], Job]) -> Job:
    """Read a job and move it on, whatever races; the same job returned changes nothing.

    Raises
    ------
    JobNotFound, Conflict
    """
    for _ in range(_TRIES):
        job = get(job_id)
        following = transition(job)
        if following is job:
            return job
        if written := replace_if_unchanged(job, following):
            return written
    raise Conflict("The job was changed by others at the same time; try again.")


def replace_if_unchanged(job: Job, following: Job) -> Job | None:
    """Write ``following`` if the job is still the one that was read.

    Returns
    -------
    It as it was written, under a new revision; None, with nothing changed, if the job is another.
    """
    following = replace(following, updated_at=clock.now(), revision=clock.new_id())
    try:
        item_of(following).save(JobItem.revision == job.revision)
    except PutError as error:
        if condition_failed(error):
            return None
        raise
    return following


def item_of(job: Job) -> JobItem:
    """The item of the table for a job."""
    return JobItem(job.id, revision=job.revision, document=asdict(job))


def _job(item: JobItem) -> Job:
    document = item.document
    return Job(
        **{**document, "kind": JobKind(document["kind"]), "state": JobState(document["state"])}
    )
