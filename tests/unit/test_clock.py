"""Times and identifiers sort as they were made."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

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
