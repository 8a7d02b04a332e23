"""What clients did is taken down in its order, whatever they were told."""

from threading import Barrier, Thread

import pytest

from tests.support.faults.history import (
    Kind,
    Outcome,
    Recorder,
    Result,
    acknowledged,
    by_result,
    value_of,
)


def test_beginnings_and_ends_are_numbered_in_one_order() -> None:
    recorder = Recorder()
    first = recorder.begin("ada", "a", Kind.CREATE, value="A")
    second = recorder.begin("bob", "a", Kind.READ)
    second.end(Outcome(Result.ABSENT))
    first.end(Outcome(Result.DONE))
    recorder.settled()
    history = recorder.history()
    assert [(one.invoked, one.completed) for one in history.operations] == [(1, 4), (2, 3)]
    assert history.settlings == (5,)
    assert history.text().splitlines() == [
        "[1, 4] ada: create writes A - done",
        "[2, 3] bob: read - refused, there is none",
        "[5] settled",
    ]


def test_what_has_not_ended_is_unknown() -> None:
    recorder = Recorder()
    recorder.begin("ada", "a", Kind.UPDATE, value="A", asynchronous=True)
    [one] = recorder.history().operations
    assert (one.result, one.completed) == (Result.UNKNOWN, None)
    assert str(one) == "[1, ...] ada: async update writes A - unknown"


def test_an_operation_ends_once() -> None:
    invocation = Recorder().begin("ada", "a", Kind.READ)
    invocation.end(Outcome(Result.ABSENT))
    with pytest.raises(ValueError, match="ended twice"):
        invocation.end(Outcome(Result.ABSENT))


def test_threads_take_different_numbers() -> None:
    recorder, barrier = Recorder(), Barrier(8)

    def work(client: str) -> None:
        barrier.wait()
        for _ in range(200):
            recorder.begin(client, "a", Kind.READ).end(Outcome(Result.ABSENT))

    threads = [Thread(target=work, args=(f"client {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    operations = recorder.history().operations
    moments = [moment for one in operations for moment in (one.invoked, one.completed)]
    assert sorted(moment or 0 for moment in moments) == list(range(1, 3201))
    assert all(one.invoked < (one.completed or 0) for one in operations)


def test_operations_are_counted_by_how_they_ended() -> None:
    recorder = Recorder()
    for kind, result in (
        (Kind.CREATE, Result.DONE),
        (Kind.UPDATE, Result.TAKEN),
        (Kind.UPDATE, Result.UNKNOWN),
        (Kind.READ, Result.DONE),
    ):
        recorder.begin("ada", "a", kind).end(Outcome(result))
    operations = recorder.history().operations
    assert by_result(operations) == {Result.DONE: 2, Result.TAKEN: 1, Result.UNKNOWN: 1}
    assert [one.kind for one in acknowledged(operations)] == [Kind.CREATE, Kind.UPDATE]


def test_a_value_is_the_content_s_digest() -> None:
    assert value_of(b"one") == value_of(b"one") != value_of(b"other")
