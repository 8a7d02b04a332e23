"""Jobs: list, start, watch, stop. ``clusters.drain_cluster`` starts a drain."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mcos import clock
from mcos.admin.checks import check_rate
from mcos.aws import AWS_ERRORS, client, region_of
from mcos.catalog import jobs, registry
from mcos.errors import Conflict, JobNotFound
from mcos.model.jobs import Job, JobKind, JobState, new_job
from mcos.model.names import is_id
from mcos.settings import run_jobs_function

_log = logging.getLogger(__name__)

_TRIES = 12


def list_jobs() -> list[Job]:
    """Return every job that has begun, the newest first."""
    return [job for job in jobs.all_jobs() if job.state is not JobState.PROPOSED]


def get_job(job_id: str) -> Job:
    """Return a job as it is now.

    Raises
    ------
    JobNotFound
    """
    job = jobs.get(job_id) if is_id(job_id) else None
    if job is None or job.state is JobState.PROPOSED:
        raise JobNotFound("There is no such job.")
    return job


def start_rebalance(*, rate: float) -> Job:
    """Start a rebalance, or return the one that is running.

    Raises
    ------
    InvalidBody, Conflict
    """
    check_rate(rate)
    for _ in range(_TRIES):
        before = registry.read(*jobs.naming(None))
        running = running_job(before)
        if running is not None:
            return running
        job = new_job(clock.new_id(), JobKind.REBALANCE, cluster=None, rate=rate, at=clock.now())
        if started := jobs.start(job, {"job": job.id}, before=before):
            run_soon()
            return started
    raise Conflict("Other calls started jobs at the same time; try again.")


def running_job(document: Mapping[str, Any] | None) -> Job | None:
    """Return the job that a document of the registry names, if it is running, else None."""
    if document is None or "job" not in document:
        return None
    try:
        job = jobs.get(document["job"])
        if job.state is JobState.PROPOSED:
            job = jobs.begin(job)
    except JobNotFound:
        return None
    return job if job.state is JobState.RUNNING else None


def stop_job(job_id: str) -> Job:
    """Stop a running job; moved replicas stay moved. A job that is over does not change.

    Raises
    ------
    JobNotFound, Conflict
    """
    if not is_id(job_id):
        raise JobNotFound("There is no such job.")
    return jobs.change(job_id, _stopped)


def run_soon() -> None:
    """Invoke ``run_jobs`` now; if that fails, its schedule will do so within a minute."""
    try:
        function = run_jobs_function()
        client("lambda", region=region_of(function)).invoke(
            FunctionName=function, InvocationType="Event", Payload=b"{}"
        )
    except AWS_ERRORS as error:
        _log.warning("run_jobs was not invoked: %s", type(error).__name__)


def _stopped(job: Job) -> Job:
    return replace(job, state=JobState.STOPPED) if job.state is JobState.RUNNING else job
