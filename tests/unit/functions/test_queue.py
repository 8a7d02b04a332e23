"""A function that is fed by a queue: each message of a batch is judged on its own."""

import json
from threading import Barrier
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from chalicelib.shared import queue
from chalicelib.shared.queue import fed_by
from mcos.workers.later import TryLater
from tests.support.gateway import sqs_events

_END = 30  # seconds, if it does not work

EVENT = sqs_events([json.dumps({"number": number}) for number in range(4)])


@pytest.fixture(autouse=True)
def hidden(monkeypatch: pytest.MonkeyPatch) -> dict[str, int | None]:
    """For how long messages were hidden, by their handles."""
    told: dict[str, int | None] = {}

    def note(
        url: str, handle: str, *, tries: int, seconds: int | None, longest: int | None
    ) -> None:
        assert (url, tries, longest) == ("the url", 1, None)
        told[handle] = seconds

    monkeypatch.setattr(queue, "retry_later", note)
    return told


def number_of(record: SQSRecord) -> int:
    number: int = json.loads(record.body)["number"]
    return number


@pytest.mark.parametrize("side_by_side", [False, True])
def test_one_that_fails_comes_again_alone(
    side_by_side: bool, hidden: dict[str, int | None]
) -> None:
    done: list[int] = []

    @fed_by(lambda: "the url", side_by_side=side_by_side)
    def handle(record: SQSRecord) -> None:
        number = number_of(record)
        if number == 1:
            raise ValueError("not understood")
        if number == 2:
            raise TryLater("not now", seconds=900)
        done.append(number)

    answer = handle(EVENT, None)
    again = [{"itemIdentifier": "message-2"}, {"itemIdentifier": "message-3"}]
    assert answer == {"batchItemFailures": again}
    assert sorted(done) == [0, 3]
    assert hidden == {"handle-2": None, "handle-3": 900}


def test_all_of_a_batch_are_held_at_the_same_time_until_all_are_done() -> None:
    together = Barrier(4)
    left: list[int] = []

    @fed_by(lambda: "the url", side_by_side=True)
    def handle(record: SQSRecord) -> None:
        together.wait(_END)
        left.append(number_of(record))

    answer: Any = handle(EVENT, None)
    assert answer == {"batchItemFailures": []}
    assert sorted(left) == [0, 1, 2, 3]


class Context:
    """What Lambda hands over; each look at it takes 20 s of the function's time."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        self.seconds -= 20
        return self.seconds * 1000


def test_a_message_for_which_no_time_is_left_is_not_begun(hidden: dict[str, int | None]) -> None:
    """Else the function would be ended in the middle of it, and of what it has done."""
    begun: list[int] = []

    @fed_by(lambda: "the url", seconds=50)
    def handle(record: SQSRecord) -> None:
        begun.append(number_of(record))

    answer = handle(EVENT, Context(80))
    assert begun == [0, 1]
    assert answer == {
        "batchItemFailures": [{"itemIdentifier": "message-3"}, {"itemIdentifier": "message-4"}]
    }
    assert hidden == {"handle-3": 0, "handle-4": 0}


def test_the_first_message_is_always_begun(hidden: dict[str, int | None]) -> None:
    begun: list[int] = []

    @fed_by(lambda: "the url", seconds=500)
    def handle(record: SQSRecord) -> None:
        begun.append(number_of(record))

    handle(EVENT, Context(60))
    assert begun == [0]
    assert len(hidden) == 3
