"""Jobs: started once, watched, stopped."""

import logging
from dataclasses import replace

import pytest

from mcos.admin.jobs import get_job, list_jobs, start_rebalance, stop_job
from mcos.catalog import jobs
from mcos.errors import InvalidBody, JobNotFound
from mcos.model.jobs import Job, JobKind, JobState
from tests.support.network import Manner, Network
from tests.unit.admin.conftest import RUN_JOBS, RunJobs

pytestmark = pytest.mark.usefixtures("network", "run_jobs")


def test_a_rebalance_is_started_and_looked_at_soon(run_jobs: RunJobs) -> None:
    job = start_rebalance(rate=7)
    assert (job.kind, job.cluster, job.rate, job.state) == (
        JobKind.REBALANCE,
        None,
        7,
        JobState.RUNNING,
    )
    assert get_job(job.id) == job
    assert run_jobs.invocations == 1


def test_one_rebalance_is_running_at_a_time(run_jobs: RunJobs) -> None:
    job = start_rebalance(rate=7)
    assert start_rebalance(rate=8) == job
    assert run_jobs.invocations == 1
    stopped = stop_job(job.id)
    assert stopped.state is JobState.STOPPED
    following = start_rebalance(rate=8)
    assert list_jobs() == [following, stopped]


def test_two_operators_who_start_one_at_the_same_time_start_one(network: Network) -> None:
    others: list[Job] = []

    def before(name: str) -> None:
        if name == "dynamodb:TransactWriteItems":
            network.before = None
            others.append(start_rebalance(rate=8))

    network.before = before
    assert start_rebalance(rate=7) == others[0]
    assert list_jobs() == others


@pytest.mark.parametrize("number", range(3))
def test_a_rebalance_one_of_whose_replies_was_lost_is_started_once(
    network: Network, number: int
) -> None:
    with network.record((number, Manner.LOST)) as calls:
        job = start_rebalance(rate=7)
    assert len(calls) > number
    assert list_jobs() == [job]


def test_a_rebalance_starts_although_no_function_could_be_told(
    run_jobs: RunJobs, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Once a handler is imported, what the library logs does not go up to the root any more.
    monkeypatch.setattr(logging.getLogger("mcos.admin.jobs"), "handlers", [caplog.handler])
    caplog.set_level(logging.WARNING, "mcos.admin.jobs")
    run_jobs.fails = True
    job = start_rebalance(rate=7)
    assert list_jobs() == [job]
    assert "run_jobs was not invoked" in caplog.text
    assert RUN_JOBS not in caplog.text


@pytest.mark.parametrize("rate", [0, -1, 1001, float("inf")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(InvalidBody, match="rate"):
        start_rebalance(rate=rate)
    assert list_jobs() == []


@pytest.mark.parametrize("state", [JobState.DONE, JobState.STOPPED])
def test_a_job_that_is_over_stays_as_it_is(state: JobState) -> None:
    job = start_rebalance(rate=7)
    over = jobs.change(job.id, lambda found: replace(found, state=state, moved=5))
    assert stop_job(job.id) == over == get_job(job.id)


@pytest.mark.parametrize("job_id", ["", "x", "0" * 25, "I" * 26, "x" * 5000, "0" * 26])
def test_what_is_no_job_is_not_found(job_id: str) -> None:
    for missing in (get_job, stop_job):
        with pytest.raises(JobNotFound):
            missing(job_id)
