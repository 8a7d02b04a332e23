"""What is wrong in the end is told, and only that."""

import pytest

from tests.support.faults.final_state import lost_writes, misplaced, unsettled
from tests.support.faults.history import History, Kind, Outcome, Recorder, Result

A, B = "A" * 16, "B" * 16


def written(*steps: tuple[Kind, str | None, Result], name: str = "a") -> History:
    """One after the other."""
    recorder = Recorder()
    for kind, value, result in steps:
        recorder.begin("ada", name, kind, value=value).end(Outcome(result))
    return recorder.history()


CREATED = (Kind.CREATE, A, Result.DONE)


@pytest.mark.parametrize(
    ("history", "final"),
    [
        (written(CREATED), A),
        (written(CREATED, (Kind.UPDATE, B, Result.TAKEN)), B),
        (written(CREATED, (Kind.UPDATE, B, Result.UNKNOWN)), A),
        (written(CREATED, (Kind.UPDATE, B, Result.UNKNOWN)), B),
        (written(CREATED, (Kind.UPDATE, B, Result.NOTHING)), A),
        (written(CREATED, (Kind.DELETE, None, Result.UNKNOWN)), None),
        (written((Kind.DELETE, None, Result.UNKNOWN), CREATED), None),
        (written(CREATED, (Kind.DELETE, None, Result.DONE)), None),
        (written((Kind.CREATE, A, Result.UNKNOWN)), None),
    ],
)
def test_what_is_read_or_was_replaced_is_not_lost(history: History, final: str | None) -> None:
    assert lost_writes(history, {"a": final}) == []


@pytest.mark.parametrize(
    ("history", "final"),
    [
        (written(CREATED), None),
        (written(CREATED), B),
        (written(CREATED, (Kind.UPDATE, B, Result.TAKEN)), A),
        (written(CREATED, (Kind.UPDATE, B, Result.NOTHING)), B),
        (written((Kind.DELETE, None, Result.DONE), CREATED), None),
        (written(CREATED, (Kind.DELETE, None, Result.DONE)), A),
    ],
)
def test_a_write_that_neither_is_read_nor_was_replaced_is_lost(
    history: History, final: str | None
) -> None:
    [told] = lost_writes(history, {"a": final})
    assert told.startswith("a: lost: [")


def test_of_two_writes_at_the_same_time_either_may_be_the_last() -> None:
    recorder = Recorder()
    first = recorder.begin("ada", "a", Kind.UPDATE, value=A)
    recorder.begin("bob", "a", Kind.UPDATE, value=B).end(Outcome(Result.DONE))
    first.end(Outcome(Result.DONE))
    assert lost_writes(recorder.history(), {"a": A}) == []
    assert lost_writes(recorder.history(), {"a": B}) == []
    assert len(lost_writes(recorder.history(), {"a": None})) == 2


def test_objects_that_are_still_on_their_way_are_told_of() -> None:
    states = {"a": "CREATED", "b": None, "c": "UPDATING", "d": "FAILED"}
    assert unsettled(states) == ["c: still UPDATING", "d: still FAILED"]
    assert unsettled(states, ends=("CREATED", "FAILED")) == ["c: still UPDATING"]


def test_backends_hold_exactly_what_the_catalog_says() -> None:
    wanted = {"s3": {"1": A, "2": A}, "ceph": {"1": A}}
    assert misplaced(wanted, wanted) == []
    held = {"s3": {"1": B, "3": A}, "swift": {"1": A}, "ceph": {"1": A}}
    assert misplaced(wanted, held) == [
        "s3: missing 2",
        "s3: orphan 3",
        "s3: other bytes in 1",
        "swift: orphan 1",
    ]
    assert misplaced(wanted, {**wanted, "swift": {"4": A}}, orphans={"4"}) == []
