"""Requests as the gateway hands them over, and replies as it takes them."""

import json
from base64 import b64decode
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.shared.http import Response
from mcos import limits
from mcos.auth import revocation, tokens
from mcos.errors import InvalidQuery, TokenMissing
from mcos.model.clusters import Registry
from tests.support.events import request
from tests.support.stateful.strategies import object_names
from tests.support.token_keys import use_keys


@given(st.dictionaries(st.sampled_from(["prefix", "marker", "delimiter"]), object_names()))
def test_every_query_parameter_arrives_as_it_was_encoded(values: dict[str, str]) -> None:
    query = "&".join(f"{name}={quote_plus(value)}" for name, value in values.items())
    for name in ("prefix", "marker", "delimiter", "other"):
        assert request(query=query).query(name) == values.get(name, "")


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("prefix=", ""),
        ("prefix", ""),
        ("", ""),
        ("prefix=a&prefix=b", "b"),
        ("prefix=a%20b+c", "a b c"),
    ],
)
def test_query_parameters(query: str, value: str) -> None:
    assert request(query=query).query("prefix") == value


@pytest.mark.parametrize("query", ["prefix=%ff", "x=%c3", "prefix=%00", "prefix=" + "a" * 1025])
def test_a_query_that_no_name_can_match_is_refused(query: str) -> None:
    with pytest.raises(InvalidQuery):
        request(query=query).query("prefix")


@pytest.mark.parametrize(("text", "limit"), [("", 1000), ("1", 1), ("1000", 1000), ("007", 7)])
def test_limits(text: str, limit: int) -> None:
    assert request(query=f"limit={text}").limit() == limit
    assert limit <= limits.LISTING_ENTRIES


@pytest.mark.parametrize("text", ["0", "1001", "-1", "1.5", "x", "%20", "1e3", "٣", "9" * 5000])
def test_what_is_no_limit(text: str) -> None:
    with pytest.raises(InvalidQuery):
        request(query=f"limit={quote(text)}" if text != "%20" else "limit=%20").limit()


@given(st.binary())
def test_bytes_arrive_as_they_were_sent(body: bytes) -> None:
    assert request(body=body).body() == body
    assert not request(body=body).has_text_body


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_text_arrives_as_its_utf_8(body: str) -> None:
    assert request(body=body).body() == body.encode()
    assert request(body=body).has_text_body


def test_no_body_is_an_empty_one() -> None:
    assert request().body() == b""
    assert not request().has_text_body


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer  "},
        {"authorization": "Basic YWRhOng="},
        {"Authorization": "Bearer x"},
    ],
)
def test_a_request_without_a_token_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(TokenMissing):
        _ = request(headers=headers).account


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_account_is_that_of_the_token_and_nothing_else_that_is_sent(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_keys(monkeypatch)
    monkeypatch.setattr(revocation, "current_registry", lambda: Registry(clusters={}))
    headers = {"authorization": f"{scheme}  {tokens.issue('ada').token} ", "account": "bob"}
    sent = request(headers=headers, query="account=bob")
    sent.event["requestContext"]["authorizer"] = {"lambda": {"account": "bob"}}
    assert sent.account == "ada"


@given(st.binary())
def test_a_reply_carries_any_bytes(body: bytes) -> None:
    answer = json.loads(json.dumps(Response(200, {"X": "y"}, body).for_gateway(head=False)))
    assert answer["isBase64Encoded"] is True
    assert b64decode(answer["body"]) == body
    assert answer["headers"]["X"] == "y"
    assert answer["headers"]["X-Content-Type-Options"] == "nosniff"


def test_the_reply_to_a_head_has_the_headers_and_no_body() -> None:
    answer = Response.json(200, {"a": "é"}).for_gateway(head=True)
    assert "body" not in answer
    assert (answer["statusCode"], answer["headers"]["Content-Type"]) == (200, "application/json")


def test_json_keeps_what_is_not_ascii() -> None:
    assert Response.json(200, {"a": "é日"}).body == '{"a": "é日"}'.encode()
