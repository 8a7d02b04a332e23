"""Names, queries and contents go over the wire exactly as they are."""

from base64 import b64encode
from hashlib import sha256
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcos_client import Client
from tests.unit.client.conftest import RECORDER, Gateway

AWKWARD = {
    "..": "%2E%2E",
    ".": "%2E",
    "a/../b": "a/%2E%2E/b",
    "./a": "%2E/a",
    "a//b": "a//b",
    "/a": "/a",
    "a/": "a/",
    "100%": "100%25",
    "%2F": "%252F",
    "%zz": "%25zz",
    "what?": "what%3F",
    "a#b": "a%23b",
    "a b+c": "a%20b%2Bc",
    "...": "...",
    "grüße/日本": "gr%C3%BC%C3%9Fe/%E6%97%A5%E6%9C%AC",
    'a"<>\\^`{|}': "a%22%3C%3E%5C%5E%60%7B%7C%7D",
}


@pytest.mark.parametrize("name", AWKWARD)
def test_object_names_are_encoded_exactly(client: Client, gateway: Gateway, name: str) -> None:
    client.delete_object("c", name)
    assert gateway.target == f"/v1/containers/c/objects/{AWKWARD[name]}"


@given(name=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_object_name_round_trips(client: Client, gateway: Gateway, name: str) -> None:
    client.delete_object("c", name)
    _, _, encoded = gateway.target.partition("/objects/")
    assert unquote(encoded) == name
    assert not {".", ".."} & set(encoded.split("/"))


def test_a_slash_in_a_container_name_is_no_path_separator(client: Client, gateway: Gateway) -> None:
    client.delete_container("a/b")
    assert gateway.target == "/v1/containers/a%2Fb"


def test_query_values_are_encoded_exactly(client: Client, gateway: Gateway) -> None:
    gateway.reply = lambda request: httpx.Response(200, json={"objects": [], "common_prefixes": []})
    client.list_object("c", prefix="a&b=%41+ ü/", delimiter="/", limit=10)
    assert gateway.target == (
        "/v1/containers/c/objects?prefix=a%26b%3D%2541%2B%20%C3%BC%2F&delimiter=%2F&limit=10"
    )


def test_content_goes_with_its_type_digest_metadata_and_preference(
    client: Client, gateway: Gateway
) -> None:
    content = bytes(range(256))
    gateway.reply = lambda request: httpx.Response(
        202,
        json={
            "name": "o",
            "container": "c",
            "size": 256,
            "etag": '"e"',
            "content_type": "image/x",
            "state": "CREATING",
            "version": "v",
        },
        headers={"x-mcos-replicas": "0/3", "preference-applied": "respond-async"},
    )
    written = client.create_object(
        "c",
        "o",
        content,
        content_type="image/x",
        metadata={"colour": "blue"},
        prefer="respond-async",
        if_none_match="*",
    )
    [request] = gateway.requests
    digest = b64encode(sha256(content).digest()).decode()
    assert request.method == "POST"
    assert request.content == content
    assert request.headers["authorization"] == "Bearer a-token"
    assert request.headers["content-type"] == "image/x"
    assert request.headers["content-digest"] == f"sha-256=:{digest}:"
    assert request.headers["x-object-meta-colour"] == "blue"
    assert request.headers["prefer"] == "respond-async"
    assert request.headers["if-none-match"] == "*"
    assert (written.replicas, written.preference_applied) == ((0, 3), "respond-async")


def test_login_sends_no_token_and_keeps_the_one_it_gets(client: Client, gateway: Gateway) -> None:
    reply = {"token": "new", "token_type": "Bearer", "expires_at": "2026-01-01T00:00:00Z"}
    gateway.reply = lambda request: httpx.Response(200, json=reply)
    client.login("demo", "demo-password")
    assert "authorization" not in gateway.requests[-1].headers
    assert client.token == "new"


def test_the_entry_point_may_end_in_a_slash(gateway: Gateway) -> None:
    with Client(RECORDER + "/", transport=httpx.MockTransport(gateway)) as client:
        client.delete_container("c")
    assert gateway.target == "/v1/containers/c"
