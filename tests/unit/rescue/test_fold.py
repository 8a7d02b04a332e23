"""Any order, overlap and repetition of a journal folds to what was last written."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcos_rescue.entries import Entry, canonical, entry_of
from mcos_rescue.fold import Fold, State
from tests.unit.rescue.histories import (
    History,
    container_histories,
    object_histories,
    second,
    segments_of,
    with_a_snapshot,
)

HISTORIES = object_histories() | container_histories()


def folded(*segments: list[Entry]) -> dict[str, State]:
    """The states by the last name of their keys."""
    fold = Fold()
    for entries in segments:
        fold.add([entries])
    fold.run()
    found = {one.key[-1]: one for one in (*fold.states("objects"), *fold.states("containers"))}
    fold.close()
    return found


def entry(
    revision: str, replaces: str | None, at: int | None, record: object, table: str = "objects"
) -> Entry:
    key = ("ada", "photos", "sea.jpg") if table == "objects" else ("ada", "photos")
    time = None if at is None else second(at)
    return Entry(table, key, revision, replaces, time, canonical(record) if record else None)


def the_state(*entries: Entry) -> State:
    (state,) = folded(list(entries)).values()
    return state


@given(st.data(), HISTORIES)
def test_any_order_overlap_and_repetition_folds_to_the_truth(
    data: st.DataObject, history: History
) -> None:
    found = folded(*data.draw(segments_of(history.entries)))
    assert {name: state.record for name, state in found.items()} == history.truth


@given(st.data(), HISTORIES)
def test_a_snapshot_and_what_was_logged_since_it_began_is_the_truth(
    data: st.DataObject, history: History
) -> None:
    found = folded(*data.draw(with_a_snapshot(history)))
    living = {name: record for name, record in history.truth.items() if record is not None}
    assert {name: one.record for name, one in found.items() if one.record is not None} == living


@given(st.data(), object_histories())
def test_what_is_missing_changes_no_result_with_the_order(
    data: st.DataObject, history: History
) -> None:
    kept = data.draw(st.lists(st.sampled_from(history.entries)))
    assert folded(kept) == folded(*data.draw(segments_of(kept)))


@given(object_histories())
def test_an_entry_is_the_same_after_it_was_written_and_read(history: History) -> None:
    assert [entry_of(one.line()) for one in history.entries] == history.entries


@pytest.fixture
def removed_then_born() -> list[Entry]:
    """A fast clock's object is removed at 5, and created again by a slow one at 6."""
    return [
        entry("900", None, 4, {"n": 1}),
        entry("900~", "900", 5, None),
        entry("100", None, 6, {"n": 2}),
    ]


def test_a_create_after_a_removal_wins_though_its_clock_was_slow(
    removed_then_born: list[Entry],
) -> None:
    state = the_state(*removed_then_born)
    assert (state.record, state.is_doubtful) == ('{"n":2}', False)


def test_its_updates_win_as_well(removed_then_born: list[Entry]) -> None:
    assert the_state(*removed_then_born, entry("101", "100", 7, {"n": 3})).record == '{"n":3}'


def test_its_own_removal_is_the_end(removed_then_born: list[Entry]) -> None:
    assert the_state(*removed_then_born, entry("100~", "100", 7, None)).record is None


def test_a_create_in_the_second_of_a_removal_is_kept_and_said_to_be_doubtful() -> None:
    removal = entry("900~", "900", 5, None)
    state = the_state(removal, entry("100", None, 5, {"n": 2}))
    assert (state.record, state.is_doubtful) == ('{"n":2}', True)


def test_what_was_created_and_removed_in_one_second_is_removed_without_doubt() -> None:
    lone = [entry("100", None, 5, {"n": 1}), entry("101", "100", 5, {"n": 2})]
    state = the_state(*lone, entry("101~", "101", 5, None))
    assert (state.record, state.is_doubtful) == (None, False)


def test_a_line_wins_whose_clock_was_set_back_in_the_middle(
    removed_then_born: list[Entry],
) -> None:
    state = the_state(*removed_then_born, entry("050", "100", 7, {"n": 3}))
    assert (state.record, state.is_doubtful) == ('{"n":3}', False)


def test_a_removal_ends_what_a_snapshot_still_had() -> None:
    state = the_state(entry("100", None, None, {"n": 1}), entry("100~", "100", 5, None))
    assert state.record is None


def test_a_birth_before_the_removal_does_not_come_back_when_entries_are_missing() -> None:
    assert the_state(entry("100", None, 4, {"n": 1}), entry("900~", "900", 5, None)).record is None


def test_a_line_that_was_removed_within_a_second_brings_nothing_older_back() -> None:
    older = entry("100", None, None, {"n": 1})  # its own removal is missing
    line = [entry("050", None, 5, {"n": 2}), entry("200", "050", 5, {"n": 3})]
    assert the_state(older, *line, entry("200~", "200", 5, None)).record is None


def test_of_records_without_revisions_the_last_written_counts() -> None:
    first = entry("", None, 5, {"n": 9}, "containers")
    assert the_state(first, entry("", "", 6, {"n": 1}, "containers")).record == '{"n":1}'
    assert the_state(first, entry("~", "", 6, None, "containers")).record is None


def test_a_record_without_revision_that_was_removed_in_the_same_second_is_doubtful() -> None:
    state = the_state(
        entry("", None, 5, {"n": 1}, "containers"), entry("~", "", 5, None, "containers")
    )
    assert (state.record, state.is_doubtful) == ('{"n":1}', True)


def test_entries_of_a_batch_that_fails_are_not_taken() -> None:
    def failing() -> Iterator[Entry]:
        yield entry("200", None, 6, {"n": 2})
        raise RuntimeError("damaged")

    fold = Fold()
    fold.add([[entry("100", None, 5, {"n": 1})]])
    with pytest.raises(RuntimeError):
        fold.add([[entry("300", None, 7, {"n": 3})], failing()])
    fold.run()
    assert [state.record for state in fold.states("objects")] == ['{"n":1}']
    fold.close()


def test_states_come_in_the_order_of_their_names_and_by_prefix() -> None:
    names = ["b", "a/b", "a", "a!", "é", "a/a", "\U0001f600"]
    fold = Fold()
    for name in names:
        fold.add([[Entry("objects", ("ada", "photos", name), "1", None, None, "{}")]])
        fold.add([[Entry("objects", ("ada", "photos2", name), "1", None, None, "{}")]])
    fold.run()
    found = [state.key[2] for state in fold.states("objects", "ada", "photos")]
    assert found == sorted(names, key=str.encode)
    prefixed = [state.key[2] for state in fold.states("objects", "ada", "photos", prefix="a/")]
    assert prefixed == ["a/a", "a/b"]
    assert fold.state("objects", "ada", "photos", "a") is not None
    assert fold.state("objects", "ada", "photos", "c") is None
    fold.close()
