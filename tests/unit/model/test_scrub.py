"""What a run of a scrub reads in full, when the next one begins, and what it may remove."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcos.model.jobs import Job, JobKind, JobState
from mcos.model.scrub import (
    Counts,
    Leg,
    Scrub,
    done,
    is_wrong_as_a_whole,
    new_run,
    slot_of,
    stopped,
)

EARLIER, NOW, LATER = (f"2026-11-{day}T10:00:00.000Z" for day in (10, 20, 30))


def a_run(before: Scrub | None = None, *, at: str = NOW, slots: int = 3, **how: bool) -> Scrub:
    return new_run("0" * 26, before, cluster="ceph", rate=10, slots=slots, at=at, **how)


def test_as_many_runs_as_there_are_shares_read_everything() -> None:
    run, seen = a_run(at="day 0"), []
    for day in range(1, 7):
        seen.append(run.slot)
        assert (run.oldest_full_reading is None) == (day <= 3)
        run = a_run(done(run, at="later"), at=f"day {day}")
    assert seen == [0, 1, 2, 0, 1, 2]
    assert run.oldest_full_reading == "day 3"


def test_a_run_that_was_stopped_has_read_nothing_in_full() -> None:
    run = a_run(stopped(a_run(), "why", at=LATER), at=LATER)
    assert (run.slot, run.slots) == (0, (None, None, None))


def test_a_full_run_has_read_every_share() -> None:
    run = done(a_run(full=True), at=LATER)
    assert run.oldest_full_reading == NOW
    assert all(a_run(full=True).reads_in_full(f"{number:026}") for number in range(9))


def test_another_number_of_shares_counts_from_the_oldest_reading() -> None:
    run = replace(a_run(), slots=(NOW, EARLIER, LATER))
    assert a_run(run, slots=2).slots == (EARLIER, EARLIER)
    assert a_run(replace(run, slots=(NOW, None)), slots=3).slots == (None, None, None)


@given(st.integers(1, 40))
def test_every_version_belongs_to_one_share(slots: int) -> None:
    found = {slot_of(f"{number:026}", slots) for number in range(20 * slots)}
    assert found <= set(range(slots))
    assert len(found) > slots / 2


def test_the_next_run_begins_by_itself_after_what_was_done_or_an_operator_stopped() -> None:
    assert not a_run().is_due(LATER)
    over = done(a_run(), at=NOW)
    assert over.is_due(LATER)
    assert not over.is_due(EARLIER)
    assert stopped(a_run(), None, at=NOW).is_due(LATER)
    assert not stopped(a_run(), "the marker is gone", at=NOW).is_due(LATER)
    assert not replace(over, state="OF_A_NEWER_RELEASE").is_due(LATER)


@pytest.mark.parametrize(
    ("looked_at", "missing", "is_wrong"),
    [(10, 10, False), (100, 11, False), (55, 11, False), (54, 11, True), (100, 100, True)],
)
def test_more_than_ten_and_more_than_a_fifth_missing_is_no_damage(
    looked_at: int, missing: int, is_wrong: bool
) -> None:
    assert is_wrong_as_a_whole(looked_at=looked_at, missing=missing) is is_wrong


def test_a_run_may_remove_a_hundredth_of_what_it_has_seen_but_at_least_twenty() -> None:
    assert replace(a_run(), counts=Counts(removed=5)).may_remove == 15
    assert replace(a_run(), counts=Counts(seen=5000, removed=5)).may_remove == 45


def test_what_has_no_identity_and_no_record_names_is_unknown() -> None:
    assert Counts(nameless=3, unnamed=2, foreign=1).unknown == 2
    assert Counts(nameless=1, unnamed=2).unknown == 0  # changed meanwhile


def test_it_is_written_and_read_as_it_is_and_keeps_what_a_newer_release_adds() -> None:
    run = replace(a_run(), counts=Counts(seen=1), unfinished=("a",), cursor={"name": {"S": "x"}})
    assert Scrub.from_json(run.as_json()) == run
    newer = {**run.as_json(), "leg": "another", "state": "PAUSED", "more": 1}
    found = Scrub.from_json({**newer, "counts": {"seen": 1, "more": 2}})
    assert (found.leg, found.state, found.unknown) == ("another", "PAUSED", {"more": 1})
    assert not found.is_running


def test_releases_without_a_scrub_take_it_for_a_job_that_they_do_not_know() -> None:
    job = Job.from_json(a_run().as_json())
    assert not isinstance(job.kind, JobKind)


def test_the_legs_follow_each_other() -> None:
    legs = list(Leg)
    for leg, following in zip(legs, [*legs[1:], None], strict=True):
        assert replace(a_run(), leg=leg).next_leg is following
    assert a_run().state is JobState.RUNNING
