"""Names, queries and contents go over the wire exactly as they are."""

from base64 import b64encode
from hashlib import sha256

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.shared.paths import decode
from mcos_client import Client, InvalidName
from tests.unit.client.conftest import RECORDER, Gateway

AWKWARD = {
    "..": "Li4",
    "a/../b": "YS8uLi9i",
    "a//b": "YS8vYg",
    "100%": "MTAwJQ",
    "%2F": "JTJG",
    "what?": "d2hhdD8",
    "\n": "Cg",
    "grüße/日本": "Z3LDvMOfZS_ml6XmnKw",
    "plain.txt": "cGxhaW4udHh0",
}


@pytest.mark.parametrize("name", AWKWARD)
def test_object_names_go_as_base64url(client: Client, gateway: Gateway, name: str) -> None:
    client.delete_object("c", name)
    assert gateway.target == f"/v1/exact/containers/Yw/objects/{AWKWARD[name]}"


@given(name=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_object_name_is_what_the_api_decodes(
    client: Client, gateway: Gateway, name: str
) -> None:
    client.delete_object("c", name)
    _, _, encoded = gateway.target.partition("/objects/")
    assert decode(encoded, "object") == name


def test_a_name_that_is_no_utf_8_is_not_sent(client: Client, gateway: Gateway) -> None:
    with pytest.raises(InvalidName):
        client.delete_object("c", "\ud800")
    assert gateway.requests == []


def test_a_container_of_any_name_is_one_segment(client: Client, gateway: Gateway) -> None:
    client.delete_container("a/b")
    assert gateway.target == "/v1/exact/containers/YS9i"


def test_query_values_are_encoded_exactly(client: Client, gateway: Gateway) -> None:
    gateway.reply = lambda request: httpx.Response(200, json={"objects": [], "common_prefixes": []})
    client.list_object("c", prefix="a&b=%41+ ü/", delimiter="/", limit=10)
    assert gateway.target == (
        "/v1/exact/containers/Yw/objects?prefix=a%26b%3D%2541%2B%20%C3%BC%2F&delimiter=%2F&limit=10"
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
    assert request.headers["content-type"] == "application/octet-stream"
    assert request.headers["x-mcos-content-type"] == "image/x"
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
    assert gateway.target == "/v1/exact/containers/Yw"
