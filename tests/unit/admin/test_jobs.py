"""Jobs: started once, watched, stopped."""

import logging
from contextlib import suppress
from dataclasses import replace

import pytest

from mcos.admin.jobs import get_job, list_jobs, start_rebalance, stop_job
from mcos.catalog import jobs, registry
from mcos.errors import InvalidBody, JobNotFound
from mcos.model.jobs import Job, JobKind, JobState
from tests.support.interleaving import interleavings
from tests.support.network import Died, Manner, Network
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


@pytest.mark.parametrize("step", range(2), ids=["proposing", "naming"])
def test_two_operators_who_start_one_at_the_same_time_start_one(
    network: Network, step: int
) -> None:
    others: list[Job] = []
    writes = ["dynamodb:PutItem"] * (step + 1)

    def before(name: str) -> None:
        if name in writes:
            writes.pop()
            if not writes:
                network.before = None
                others.append(start_rebalance(rate=8))

    network.before = before
    assert start_rebalance(rate=7) == others[0]
    assert list_jobs() == others


def test_two_operators_who_start_one_in_every_order_start_one(network: Network) -> None:
    orders = 0
    for stage in interleavings(network):
        with network.outside():
            for job in list_jobs():
                stop_job(job.id)
        one, other = stage.play(lambda: start_rebalance(rate=7), lambda: start_rebalance(rate=8))
        orders += 1
        assert one == other
        with network.outside():
            running = [job for job in list_jobs() if job.state is JobState.RUNNING]
        assert running == [one]
    assert orders > 5


@pytest.mark.parametrize("number", range(5))
def test_a_start_that_died_is_a_start_or_nothing(network: Network, number: int) -> None:
    with network.record((number, Manner.DIES)) as calls, suppress(Died):
        start_rebalance(rate=7)
    assert len(calls) > number
    named = registry.read(registry.JOB, "rebalance")
    before = jobs.all_jobs()
    assert [job.id for job in before if named] == ([named["job"]] if named else [])
    run_jobs_once()
    assert [job.state for job in jobs.all_jobs()] == ["RUNNING" if named else "PROPOSED"] * len(
        before
    )
    network.clock.advance(180)
    run_jobs_once()
    assert len(jobs.all_jobs()) == (1 if named else 0)
    assert start_rebalance(rate=8).rate == (7 if named else 8)


def run_jobs_once() -> None:
    """What ``run_jobs`` does first."""
    for job in jobs.all_jobs():
        if job.state is JobState.PROPOSED:
            jobs.begin_or_drop(job)


def test_a_start_whose_job_was_dropped_meanwhile_starts_another(network: Network) -> None:
    """It was so slow that it seemed to have died."""
    writes = ["dynamodb:PutItem"] * 2

    def before(name: str) -> None:
        if name in writes:
            writes.pop()
            if not writes:
                network.before = None
                network.clock.advance(180)
                with network.outside():
                    run_jobs_once()

    network.before = before
    job = start_rebalance(rate=7)
    assert list_jobs() == [job]
    assert registry.read(registry.JOB, "rebalance") == {"job": job.id}


@pytest.mark.parametrize("number", range(4))
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
