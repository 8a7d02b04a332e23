"""Times and identifiers sort as they were made."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from ulid import ULID

from mcos import clock

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))


@given(MOMENTS, MOMENTS)
def test_texts_of_moments_sort_as_the_moments(one: datetime, other: datetime) -> None:
    if abs(one - other) >= timedelta(milliseconds=1):
        assert (clock.text(one) < clock.text(other)) == (one < other)


@given(MOMENTS)
def test_a_text_is_rfc_3339_in_utc_with_milliseconds(moment: datetime) -> None:
    text = clock.text(moment)
    assert len(text) == len("2026-11-22T10:00:00.000Z")
    assert text.endswith("Z")
    assert moment - datetime.fromisoformat(text) < timedelta(milliseconds=1)


def test_ids_are_ulids_and_never_the_same() -> None:
    made = {clock.new_id() for _ in range(1000)}
    assert len(made) == 1000
    assert {len(one) for one in made} == {26}


@given(ahead=st.integers(0, 10**6))
def test_an_id_after_another_is_greater_even_if_that_came_from_a_clock_ahead(ahead: int) -> None:
    theirs = str(ULID.from_datetime(datetime.now(UTC) + timedelta(seconds=ahead)))
    assert clock.new_id(after=theirs) > theirs
    assert len(clock.new_id(after=theirs)) == 26


def test_an_id_after_an_old_one_is_of_now() -> None:
    theirs = str(ULID.from_datetime(datetime(2020, 1, 1, tzinfo=UTC)))
    made = ULID.from_str(clock.new_id(after=theirs))
    assert abs(made.datetime - datetime.now(UTC)) < timedelta(minutes=1)


@given(st.integers(0, 2**128 - 2))
def test_the_next_id_is_the_next_one(number: int) -> None:
    one = str(ULID.from_int(number))
    assert clock.next_id(one) == str(ULID.from_int(number + 1)) > one
