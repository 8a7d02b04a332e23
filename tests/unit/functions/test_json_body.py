"""Bodies of JSON: read by their fields, refused by the name of the one that is wrong."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.shared.json_body import (
    fields,
    flag,
    listed,
    number,
    one_of,
    or_null,
    record,
    text,
    texts,
    whole,
)
from mcos.errors import InvalidBody
from mcos.model.accounts import Role
from tests.support.events import request

EVERY = {
    "text": text,
    "number": number,
    "whole": whole,
    "flag": flag,
    "texts": texts,
    "listed": listed(text),
    "role": one_of(Role, *Role),
    "or_null": or_null(number),
}
GOOD: dict[str, list[Any]] = {
    "text": ["", "a", "é\ud800"],
    "number": [0, -1, 1.5, 10**30],
    "whole": [0, -1, 10**30],
    "flag": [True, False],
    "texts": [{}, {"a": "b"}],
    "listed": [[], ["a", "b"]],
    "role": ["user", "admin"],
    "or_null": [None, 1.5],
}
BAD: dict[str, list[Any]] = {
    "text": [None, 1, True, [], {}],
    "number": [None, "1", True, [], {}],
    "whole": [None, "1", True, 1.5, 1.0],
    "flag": [None, 0, 1, "true"],
    "texts": [None, [], "a", {"a": 1}, {"a": None}, {"a": {}}],
    "listed": [None, {}, "ab", [1], ["a", None]],
    "role": [None, "", "Admin", "root", 1, ["user"], {}],
    "or_null": ["1", False, []],
}
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def sent(value: Any) -> Any:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return request("PUT", body=body)


@pytest.mark.parametrize(("name", "value"), [(name, one) for name in GOOD for one in GOOD[name]])
def test_a_value_of_its_type_is_read_as_it_is(name: str, value: Any) -> None:
    assert fields(sent({name: value}), {name: EVERY[name]}) == {name: value}


@pytest.mark.parametrize(("name", "value"), [(name, one) for name in BAD for one in BAD[name]])
def test_a_value_of_another_type_is_refused_by_its_name(name: str, value: Any) -> None:
    with pytest.raises(InvalidBody, match=name):
        fields(sent({name: value}), optional={name: EVERY[name]})


def test_what_is_missing_or_unknown_is_refused_by_its_name() -> None:
    with pytest.raises(InvalidBody, match=r"text is missing"):
        fields(sent({"number": 1}), {"text": text}, {"number": number})
    with pytest.raises(InvalidBody, match=r"'other' is not a field"):
        fields(sent({"text": "", "other": 1}), {"text": text})
    assert fields(sent({"text": "a"}), {"text": text}, {"number": number}) == {"text": "a"}


def test_a_field_inside_of_others_is_named_with_its_way() -> None:
    inner = listed(lambda value, where: record(value, where, {"replicas": whole}, {"must": texts}))
    with pytest.raises(InvalidBody, match=r"parts\[1\]\.must must be"):
        fields(sent({"parts": [{"replicas": 1}, {"replicas": 1, "must": 1}]}), {"parts": inner})
    with pytest.raises(InvalidBody, match=r"parts\[0\]\.replicas is missing"):
        fields(sent({"parts": [{}]}), {"parts": inner})
    with pytest.raises(InvalidBody, match=r"parts\[0\] must be a JSON object"):
        fields(sent({"parts": [[]]}), {"parts": inner})


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b'"a"',
        b"\xff\xfe",
        b"[" * 20_000,
        b'{"number": NaN}',
        b'{"number": -Infinity}',
        b'{"number": ' + b"9" * 5000 + b"}",
        b'{"text": "' + b"x" * 70_000 + b'"}',
    ],
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidBody):
        fields(sent(body), optional=EVERY)


def test_no_body_has_no_fields() -> None:
    assert fields(request("POST"), optional=EVERY) == {}
    with pytest.raises(InvalidBody):
        fields(request("POST"), {"text": text})


def test_no_value_is_told_of() -> None:
    for name in EVERY:
        with pytest.raises(InvalidBody) as refused:
            fields(sent({name: ["hunter2", {"hunter2": 2}]}), {name: EVERY[name]})
        assert "hunter2" not in str(refused.value)


@given(JSON)
def test_any_json_is_read_or_refused(value: Any) -> None:
    try:
        found = fields(sent(value), optional=EVERY)
    except InvalidBody:
        return
    assert set(found) <= set(EVERY)


@given(st.text())
def test_a_refusal_is_short_whatever_was_sent(name: str) -> None:
    with pytest.raises(InvalidBody) as refused:
        fields(sent({f"-{name * 100}": 1}))
    assert len(str(refused.value)) < 1000
