"""The health check's verdict: slow to change, in both directions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcos.model.clusters import Health
from mcos.workers.check_health import (
    FAILURES_TO_DOWN,
    SUCCESSES_TO_ACTIVE,
    Probe,
    judge,
)

GOOD, BAD = Probe(read_ms=10.0), Probe(reason="BackendUnavailable: refused")


def after(*probes: Probe, health: Health | None = None) -> Health:
    health = health or Health()
    for probe in probes:
        health = judge(health, probe)
    return health


def test_one_failure_or_two_are_no_outage() -> None:
    assert after(*[BAD] * (FAILURES_TO_DOWN - 1)).healthy
    assert not after(*[BAD] * FAILURES_TO_DOWN).healthy


def test_one_success_or_two_are_no_recovery() -> None:
    down = after(*[BAD] * FAILURES_TO_DOWN)
    assert not after(*[GOOD] * (SUCCESSES_TO_ACTIVE - 1), health=down).healthy
    assert after(*[GOOD] * SUCCESSES_TO_ACTIVE, health=down).healthy


@given(probes=st.lists(st.sampled_from([GOOD, BAD]), max_size=40))
def test_the_verdict_changes_only_after_so_many_in_a_row(probes: list[Probe]) -> None:
    health = Health()
    for number, probe in enumerate(probes):
        before = health
        health = judge(health, probe)
        assert health.checked_at is not None
        assert health.reason == probe.reason
        if health.healthy != before.healthy:
            needed = SUCCESSES_TO_ACTIVE if health.healthy else FAILURES_TO_DOWN
            last = probes[number + 1 - needed : number + 1]
            assert len(last) == needed
            assert set(last) == {probe}
            assert health.streak == 0


@given(times=st.lists(st.floats(0.1, 10_000), min_size=1, max_size=20))
def test_the_time_of_reading_is_smoothed_and_stays_within_what_was_seen(
    times: list[float],
) -> None:
    health = after(*(Probe(read_ms=one) for one in times))
    assert health.read_ms is not None
    assert min(times) - 0.1 <= health.read_ms <= max(times) + 0.1


def test_a_failure_keeps_the_time_of_reading() -> None:
    assert after(GOOD, BAD).read_ms == pytest.approx(10)
