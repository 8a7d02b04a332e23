"""Conditional requests: their headers are read by the handlers, and decided by the calls."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.shared.conditions import read_conditions
from mcos.errors import InvalidHeader, PreconditionFailed
from mcos.model.conditions import Conditions, guard, is_known
from mcos.model.versions import Version
from tests.support import builders
from tests.support.events import request

ONE, OTHER = '"one"', '"other"'
VERSION = replace(builders.version(), md5="one", created_at="2026-11-22T10:00:00.900Z")
AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
BEFORE, AFTER = AT - timedelta(seconds=1), AT + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("value", "strong", "weak"),
    [
        ("*", ("*",), ("*",)),
        (" * ", ("*",), ("*",)),
        (ONE, (ONE,), (ONE,)),
        (f"{ONE},{OTHER}", (ONE, OTHER), (ONE, OTHER)),
        (f" {ONE} , {OTHER} ", (ONE, OTHER), (ONE, OTHER)),
        (f"W/{ONE}", (f"W/{ONE}",), (ONE,)),
        ('""', ('""',), ('""',)),
        ('"a,b"', ('"a,b"',), ('"a,b"',)),
        ('"*"', ('"*"',), ('"*"',)),
    ],
)
def test_tags_are_read(value: str, strong: tuple[str, ...], weak: tuple[str, ...]) -> None:
    read = read_conditions(request(headers={"if-match": value, "if-none-match": value}))
    assert read == Conditions(if_match=strong, if_none_match=weak)


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "one",
        '"one',
        'one"',
        '"one" "other"',
        "w/" + ONE,
        '* , "x"',
        "'one'",
        '"one", other',
        '"one",, "x',
    ],
)
@pytest.mark.parametrize("header", ["if-match", "if-none-match"])
def test_what_is_no_list_of_tags_is_refused_not_ignored(header: str, value: str) -> None:
    with pytest.raises(InvalidHeader):
        read_conditions(request(headers={header: value}))


def test_without_headers_there_is_no_condition() -> None:
    assert read_conditions(request()) == Conditions()
    guard(Conditions(), None)
    guard(Conditions(), VERSION)
    assert not is_known(Conditions(), VERSION)


@given(st.text(max_size=40))
def test_any_header_is_read_or_refused(value: str) -> None:
    try:
        tags = read_conditions(request(headers={"if-match": value})).if_match
    except InvalidHeader:
        return
    assert tags


@pytest.mark.parametrize(
    "value",
    [
        "Sun, 22 Nov 2026 10:00:00 GMT",
        " Sun, 22 Nov 2026 10:00:00 GMT ",
        "Sunday, 22-Nov-26 10:00:00 GMT",
        "Sun Nov 22 10:00:00 2026",
    ],
)
def test_the_three_forms_of_a_time_are_read(value: str) -> None:
    sent = {"if-unmodified-since": value, "if-modified-since": value}
    expected = Conditions(if_unmodified_since=AT, if_modified_since=AT)
    assert read_conditions(request(headers=sent)) == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        "yesterday",
        "0",
        "2026-11-22T10:00:00Z",
        "Sun, 22 Nov 2026 10:00:00 +0100",
        "Sun, 31 Feb 2026 10:00:00 GMT",
        "Sun, 22 Nov 2026 10:00:00 GMT, Mon, 23 Nov 2026 10:00:00 GMT",
    ],
)
def test_what_is_no_time_is_ignored(value: str) -> None:
    sent = {"if-unmodified-since": value, "if-modified-since": value}
    assert read_conditions(request(headers=sent)) == Conditions()


@pytest.mark.parametrize(
    ("tags", "version", "match"),
    [
        (("*",), VERSION, True),
        (("*",), None, False),
        ((ONE,), VERSION, True),
        ((OTHER, ONE), VERSION, True),
        ((OTHER,), VERSION, False),
        ((ONE,), None, False),
        ((f"W/{ONE}",), VERSION, False),
        (('"*"',), VERSION, False),
    ],
)
def test_a_write_goes_on_only_if_its_conditions_hold(
    tags: tuple[str, ...], version: Version | None, match: bool
) -> None:
    if match:
        guard(Conditions(if_match=tags), version)
        with pytest.raises(PreconditionFailed):
            guard(Conditions(if_none_match=tags), version)
    else:
        guard(Conditions(if_none_match=tags), version)
        with pytest.raises(PreconditionFailed):
            guard(Conditions(if_match=tags), version)


def test_both_conditions_have_to_hold() -> None:
    with pytest.raises(PreconditionFailed):
        guard(Conditions(if_match=(ONE,), if_none_match=(ONE,)), VERSION)
    guard(Conditions(if_match=(ONE,), if_none_match=(OTHER,)), VERSION)


def test_a_write_goes_on_only_if_the_object_is_as_old_as_it_says() -> None:
    guard(Conditions(if_unmodified_since=AT), VERSION)
    guard(Conditions(if_unmodified_since=AFTER), VERSION)
    guard(Conditions(if_unmodified_since=BEFORE), None)
    with pytest.raises(PreconditionFailed):
        guard(Conditions(if_unmodified_since=BEFORE), VERSION)
    # It is for reads alone.
    guard(Conditions(if_modified_since=AFTER), VERSION)


KNOWN, SENT, REFUSED = "known", "sent", "refused"


@pytest.mark.parametrize(
    ("conditions", "outcome"),
    [
        (Conditions(if_match=(ONE,)), SENT),
        (Conditions(if_match=(OTHER,)), REFUSED),
        (Conditions(if_none_match=(ONE,)), KNOWN),
        (Conditions(if_none_match=("*",)), KNOWN),
        (Conditions(if_none_match=(OTHER,)), SENT),
        (Conditions(if_unmodified_since=AT), SENT),
        (Conditions(if_unmodified_since=BEFORE), REFUSED),
        (Conditions(if_modified_since=BEFORE), SENT),
        (Conditions(if_modified_since=AT), KNOWN),
        (Conditions(if_modified_since=AFTER), KNOWN),
        # A tag goes before a time.
        (Conditions(if_match=(ONE,), if_unmodified_since=BEFORE), SENT),
        (Conditions(if_match=(OTHER,), if_unmodified_since=AFTER), REFUSED),
        (Conditions(if_none_match=(OTHER,), if_modified_since=AFTER), SENT),
        (Conditions(if_none_match=(ONE,), if_modified_since=BEFORE), KNOWN),
        # What guards goes before what saves a transfer.
        (Conditions(if_match=(OTHER,), if_none_match=(ONE,)), REFUSED),
        (Conditions(if_match=(ONE,), if_none_match=(ONE,)), KNOWN),
        (Conditions(if_unmodified_since=BEFORE, if_none_match=(ONE,)), REFUSED),
        (Conditions(if_unmodified_since=AT, if_modified_since=AT), KNOWN),
    ],
)
def test_a_read_looks_at_its_conditions_in_the_order_of_the_rfc(
    conditions: Conditions, outcome: str
) -> None:
    try:
        found = KNOWN if is_known(conditions, VERSION) else SENT
    except PreconditionFailed:
        found = REFUSED
    assert found == outcome
