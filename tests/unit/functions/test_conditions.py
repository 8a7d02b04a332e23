"""``If-Match`` and ``If-None-Match``: read by the handlers, decided by the calls."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.shared.conditions import read_conditions
from mcos.errors import InvalidHeader, PreconditionFailed
from mcos.model.conditions import Conditions, guard, has_match
from tests.support.events import request

ONE, OTHER = '"one"', '"other"'


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
    guard(Conditions(), ONE)


@given(st.text(max_size=40))
def test_any_header_is_read_or_refused(value: str) -> None:
    try:
        tags = read_conditions(request(headers={"if-match": value})).if_match
    except InvalidHeader:
        return
    assert tags


@pytest.mark.parametrize(
    ("tags", "etag", "match"),
    [
        (("*",), ONE, True),
        (("*",), None, False),
        ((ONE,), ONE, True),
        ((OTHER, ONE), ONE, True),
        ((OTHER,), ONE, False),
        ((ONE,), None, False),
        ((f"W/{ONE}",), ONE, False),
        (('"*"',), ONE, False),
    ],
)
def test_a_write_goes_on_only_if_its_conditions_hold(
    tags: tuple[str, ...], etag: str | None, match: bool
) -> None:
    assert has_match(tags, etag) == match
    if match:
        guard(Conditions(if_match=tags), etag)
        with pytest.raises(PreconditionFailed):
            guard(Conditions(if_none_match=tags), etag)
    else:
        guard(Conditions(if_none_match=tags), etag)
        with pytest.raises(PreconditionFailed):
            guard(Conditions(if_match=tags), etag)


def test_both_conditions_have_to_hold() -> None:
    with pytest.raises(PreconditionFailed):
        guard(Conditions(if_match=(ONE,), if_none_match=(ONE,)), ONE)
    guard(Conditions(if_match=(ONE,), if_none_match=(OTHER,)), ONE)
