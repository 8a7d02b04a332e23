"""What has changed is on the bus in its order, or comes again; what never can be is set aside."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.awsrequest import AWSPreparedRequest

from chalicelib.workers import publish_changes as function
from mcos.catalog import objects
from mcos.model import lifecycle
from mcos.model.objects import ObjectRecord, State
from mcos.workers import publish_changes as worker
from mcos.workers.publish_changes import Change, publish_changes
from tests.support.builders import CLUSTERS, record, version
from tests.support.environment import ACCOUNT_ID, REGION
from tests.support.event_schema import check_detail

if TYPE_CHECKING:
    from tests.support.network import Network

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
QUEUE = "mcos-unpublished-events"


class Bus:
    """The bus, which takes what it is told to take.

    Attributes
    ----------
    events
        What it took.
    calls
        How many PutEvents reached it.
    refuse
        Called with the number of the call and the object's name; the code of a refusal.
    """

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.calls = 0
        self.refuse: Callable[[int, str], str | None] = lambda call, name: None
        self.status = 200

    @property
    def names(self) -> list[str]:
        return [event["object"] for event in self.events]

    def answer(self, request: AWSPreparedRequest) -> tuple[int, dict[str, str], bytes]:
        entries = json.loads(request.body)["Entries"]
        assert 1 <= len(entries) <= 10
        self.calls += 1
        told = []
        for entry in entries:
            assert entry["EventBusName"] == "mcos"
            assert entry["Source"] == "mcos"
            assert entry["DetailType"] == "MCOS Object State Change"
            assert entry["Time"] == AT.timestamp()
            detail = json.loads(entry["Detail"])
            check_detail(detail)
            code = self.refuse(self.calls, detail["object"])
            if code is None:
                self.events.append(detail)
            told.append({"ErrorCode": code} if code else {"EventId": "1"})
        reply = {"FailedEntryCount": len([one for one in told if "ErrorCode" in one])}
        headers = {"content-type": "application/x-amz-json-1.1"}
        return self.status, headers, json.dumps({**reply, "Entries": told}).encode()


@pytest.fixture
def bus(network: Network, monkeypatch: pytest.MonkeyPatch) -> Bus:
    from mcos.aws import client

    made = Bus()
    monkeypatch.setitem(network.answers, "eventbridge:PutEvents", made.answer)
    monkeypatch.setenv("MCOS_EVENT_BUS", "mcos")
    url = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT_ID}/{QUEUE}"
    monkeypatch.setenv("MCOS_UNPUBLISHED_QUEUE_URL", url)
    with network.outside():
        client("sqs").create_queue(QueueName=QUEUE)
    return made


@pytest.fixture
def pauses(network: Network) -> list[float]:
    """The pauses that are made."""
    return network.clock.pauses


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """What is put on record."""
    numbers: dict[str, int] = {}

    def warning(text: str, *, extra: dict[str, int]) -> None:
        numbers.update({name: number for name, number in extra.items() if number})

    monkeypatch.setattr(function.logger, "warning", warning)
    return numbers


def set_aside(network: Network) -> list[dict[str, Any]]:
    from mcos.aws import client

    with network.outside():
        found = client("sqs").receive_message(
            QueueUrl=f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT_ID}/{QUEUE}",
            MaxNumberOfMessages=10,
        )
    return [json.loads(message["Body"]) for message in found.get("Messages", [])]


def image(found: ObjectRecord | None) -> dict[str, Any] | None:
    return None if found is None else dict(objects.item_of(found).serialize())


def stream_record(
    name: str, old: ObjectRecord | None = None, new: ObjectRecord | None = None
) -> dict[str, Any]:
    """A write as the stream has it; of an object of that name that was made, if none is given."""
    if old is None and new is None:
        new = replace(record(State.CREATED, current=version(1, stored=CLUSTERS)), name=name)
    written = {
        "ApproximateCreationDateTime": AT.timestamp(),
        "Keys": {"container_key": {"S": "ada/photos"}, "name": {"S": name}},
        "SequenceNumber": f"sequence-{name}",
        "NewImage": image(new),
        "OldImage": image(old),
    }
    return {"dynamodb": {name: value for name, value in written.items() if value is not None}}


def handle(*records: dict[str, Any]) -> list[str]:
    """The sequence numbers that the function wants again."""
    event = {"Records": json.loads(json.dumps(records))}
    failures = function.handle(event, None)["batchItemFailures"]
    return [one["itemIdentifier"] for one in failures]


def names(number: int) -> list[str]:
    return [f"{one:02}" for one in range(number)]


@pytest.mark.usefixtures("pauses")
def test_a_batch_is_published_in_its_order_ten_at_a_time(bus: Bus, counted: dict[str, int]) -> None:
    assert handle(*map(stream_record, names(23))) == []
    assert bus.names == names(23)
    assert bus.calls == 3
    assert counted == {}


def test_what_comes_back_from_the_stream_is_the_record_that_was_written() -> None:
    written = replace(
        record(
            State.UPDATING,
            current=version(1, stored=CLUSTERS, metadata={"a": "é"}),
            pending=(version(2), version(3, "wait")),
            removals=version(4).removals(),
        ),
        name="日本/..//\n",
    )
    made = image(written)
    assert made is not None
    assert objects.record_of_image(json.loads(json.dumps(made))) == written


@pytest.mark.usefixtures("pauses")
def test_a_batch_of_which_users_see_nothing_costs_no_call(bus: Bus) -> None:
    old = record(State.CREATED, current=version(1, stored=CLUSTERS))
    assert handle(stream_record("may/sea.jpg", old, lifecycle.touch(old))) == []
    assert bus.calls == 0


def test_an_entry_that_is_refused_now_is_put_again_with_all_behind_it(
    bus: Bus, pauses: list[float]
) -> None:
    bus.refuse = lambda call, name: "ThrottlingException" if call == 1 and name == "01" else None
    assert handle(*map(stream_record, names(4))) == []
    assert bus.names == ["00", "02", "03", "01", "02", "03"]
    assert len(pauses) == 1


def test_what_is_refused_again_and_again_comes_back_with_all_behind_it(
    bus: Bus, pauses: list[float], counted: dict[str, int]
) -> None:
    bus.refuse = lambda call, name: "InternalFailure" if name == "12" else None
    assert handle(*map(stream_record, names(15))) == ["sequence-12"]
    assert bus.names[:12] == names(12)
    assert counted == {"delayed": 3}
    assert pauses == sorted(pauses)
    assert 1 < len(pauses) < 10


@pytest.mark.usefixtures("pauses")
def test_a_batch_of_which_nothing_is_taken_fails_as_a_whole(
    bus: Bus, counted: dict[str, int]
) -> None:
    """Emulators repeat a batch of a stream only then."""
    bus.refuse = lambda call, name: "InternalFailure"
    old = record(State.CREATED, current=version(1, stored=CLUSTERS))
    unseen = stream_record("may/sea.jpg", old, lifecycle.touch(old))
    with pytest.raises(function.NotPublished):
        handle(unseen, *map(stream_record, names(3)))
    assert counted == {"delayed": 3}


@pytest.mark.usefixtures("pauses")
def test_a_bus_that_does_not_answer_loses_nothing(bus: Bus, counted: dict[str, int]) -> None:
    bus.status = 500
    with pytest.raises(function.NotPublished):
        handle(*map(stream_record, names(3)))
    bus.status = 200
    bus.events.clear()
    assert handle(*map(stream_record, names(3))) == []
    assert bus.names == names(3)


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize("code", ["MalformedDetail", "InvalidArgument"])
def test_what_the_bus_will_never_take_is_set_aside_and_holds_nothing_up(
    network: Network, bus: Bus, counted: dict[str, int], code: str
) -> None:
    bus.refuse = lambda call, name: code if name == "01" else None
    assert handle(*map(stream_record, names(3))) == []
    assert set(bus.names) == {"00", "02"}
    (note,) = set_aside(network)
    assert note["sequence_number"] == "sequence-01"
    assert note["keys"]["name"] == {"S": "01"}
    assert code in note["reason"]
    assert counted == {"set_aside": 1}


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize(
    "document", ["{}", "[]", "not JSON", '{"current": 1}', '{"pending": [{}], "last": null}']
)
def test_a_change_that_cannot_be_read_is_set_aside_and_holds_nothing_up(
    network: Network, bus: Bus, counted: dict[str, int], document: str
) -> None:
    broken = stream_record("01")
    broken["dynamodb"]["NewImage"]["document"] = {"S": document}
    assert handle(stream_record("00"), broken, stream_record("02")) == []
    assert bus.names == ["00", "02"]
    assert [note["sequence_number"] for note in set_aside(network)] == ["sequence-01"]
    assert counted == {"set_aside": 1}


@pytest.mark.usefixtures("pauses", "counted")
def test_what_cannot_even_be_set_aside_comes_again(
    bus: Bus, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(network.answers, "sqs:SendMessage", lambda request: (503, {}, b"{}"))
    broken = stream_record("00")
    broken["dynamodb"]["NewImage"]["document"] = {"S": "{}"}
    with pytest.raises(worker.bus.AWS_ERRORS):
        handle(broken, stream_record("01"))


def test_the_worker_tells_what_became_of_a_batch(bus: Bus) -> None:
    changes = [
        Change(str(number), AT, {}, None, stream_record(name)["dynamodb"]["NewImage"])
        for number, name in enumerate(names(3))
    ]
    bus.refuse = lambda call, name: "ThrottlingException" if name == "02" else None
    done = publish_changes(changes)
    assert (done.events, done.set_aside) == (2, 0)
    assert [change.sequence_number for change in done.rest] == ["2"]
