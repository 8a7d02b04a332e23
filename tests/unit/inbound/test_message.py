"""Messages of the inbound queue are understood, or refused with a reason, as their schema says."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mcos.inbound.message import Arrival, Message, NotUnderstood, event_id, read
from mcos.model.uploads import Action

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "events" / "schemas" / "inbound_message.json").read_text()
)
WANTED = {"account": "ada", "container": "photos", "object": "a"}


def one(value: Any) -> Arrival | Message:
    (found,) = read(json.dumps(value), "sqs-1")
    return found


def test_a_message_says_what_shall_become_which_object() -> None:
    said = {**WANTED, "source_url": "https://data.test/a", "metadata": {"Origin": "x"}}
    assert one(said) == Message(
        "sqs-1",
        "ada",
        "photos",
        "a",
        action=Action.PUT,
        source_url="https://data.test/a",
        metadata={"origin": "x"},
    )
    named = one({**said, "id": "mine", "action": "create"})
    assert isinstance(named, Message)
    assert (named.id, named.action) == ("mine", Action.CREATE)


def arrival(**more: Any) -> Any:
    told = {"key": "incoming/ada/photos/a+b%C3%A4.jpg", "versionId": "v", "sequencer": "0A", **more}
    return {
        "Records": [
            {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": told}}
        ]
    }


def test_s3_tells_of_an_arrival() -> None:
    found = one(arrival())
    assert found == Arrival("b", "incoming/ada/photos/a bä.jpg", "v", "0A".ljust(64, "0"))


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        # A shorter one is padded on the right: it is not a smaller number.
        ("0055AED6DCD90281E5", "0055AED6DCD90281E6"),
        ("0055AED6DCD90281E5", "0055AED6DCD903"),
        ("00FF", "01"),
        ("100", "FF"),
        ("00aa", "00AB"),
    ],
)
def test_sequencers_compare_as_s3_says(earlier: str, later: str) -> None:
    one_of_them, other = one(arrival(sequencer=earlier)), one(arrival(sequencer=later))
    assert isinstance(one_of_them, Arrival)
    assert isinstance(other, Arrival)
    assert one_of_them.sequencer < other.sequencer


def test_removals_and_s3s_test_say_nothing() -> None:
    removed = arrival()
    removed["Records"][0]["eventName"] = "ObjectRemoved:Delete"
    assert list(read(json.dumps(removed), "sqs-1")) == []
    assert list(read('{"Event": "s3:TestEvent"}', "sqs-1")) == []


@given(st.text() | st.recursive(st.none() | st.integers(), st.lists).map(json.dumps))
def test_whatever_is_sent_is_refused_or_understood(body: str) -> None:
    with suppress(NotUnderstood):
        list(read(body, "sqs-1"))


VALUES: st.SearchStrategy[Any] = st.sampled_from(
    ["", "inbound/a", "https://data.test/a", "put", "delete", 1, None, {}]
)
MESSAGES = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(["surprise", *SCHEMA["properties"]], VALUES)
).map(lambda more: {**WANTED, **more})


@given(MESSAGES)
def test_what_is_understood_is_what_the_schema_allows(value: dict[str, Any]) -> None:
    valid = Draft202012Validator(SCHEMA).is_valid(value)
    try:
        one(value)
    except NotUnderstood:
        assert not valid
    else:
        # What names and keys may be is looked at later: an empty one, or one of another prefix.
        told = {error.validator for error in Draft202012Validator(SCHEMA).iter_errors(value)}
        assert told <= {"minLength", "pattern"}


def test_an_event_has_one_name_and_no_other_has_it() -> None:
    assert event_id("a", "b") == event_id("a", "b")
    assert len({event_id("a", "b"), event_id("ab", ""), event_id("ab"), event_id("b", "a")}) == 4
