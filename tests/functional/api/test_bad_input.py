"""Bad input gets the documented problem and changes nothing."""

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote_to_bytes

import httpx
import jwt
import pytest

from mcos.model.token_keys import TokenKey
from mcos_client import Client
from tests.functional.api.conftest import Account, AccountFactory, Sign
from tests.support.wire import CONTRACT, SYNC, Wire, code_of

Snapshot = dict[str, Any]

LARGEST = 4_500_000
KEPT = "/v1/containers/kept/objects/kept"
NEW = "/v1/containers/kept/objects/new"
STAT = "/v1/containers/kept/stat/kept"
CALLS = [
    ("GET", "/v1/containers"),
    ("PUT", "/v1/containers/kept"),
    ("DELETE", "/v1/containers/kept"),
    ("GET", "/v1/containers/kept/objects"),
    ("POST", NEW),
    ("PUT", KEPT),
    ("GET", STAT),
    ("GET", KEPT),
    ("DELETE", KEPT),
]
"""Calls that need a token; ``HEAD`` apart, whose errors have no body."""

_ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
_NAMED = {
    "container": "kept",
    "object": "kept",
    "upload": _ULID,
    "cluster": "ceph",
    "policy": "default",
    "account": "nobody",
    "job": _ULID,
    "share": _ULID,
}
ALL_CALLS = [
    (method.upper(), path.format_map(_NAMED))
    for path, item in CONTRACT.document["paths"].items()
    for method, operation in item.items()
    if method not in ("parameters", "head") and operation.get("security") != []
]
"""All of them, by the OpenAPI document."""


@pytest.fixture(scope="module")
def victim(new_account: AccountFactory) -> Account:
    """An account with one object, at which all that is bad is thrown."""
    account = new_account()
    with account.client() as client:
        client.create_container("kept")
        client.create_object("kept", "kept", b"content", prefer="wait=25")
    return account


@pytest.fixture(scope="module")
def reader(victim: Account) -> Iterator[Client]:
    with victim.client("swift") as client:
        yield client


@pytest.fixture(scope="module")
def wire(victim: Account) -> Iterator[Wire]:
    wire = victim.wire()
    yield wire
    wire.close()


@pytest.fixture(scope="module")
def before(reader: Client) -> Snapshot:
    """What the account has before anything bad is tried."""
    return snapshot(reader)


@pytest.fixture(autouse=True)
def nothing_changes(reader: Client, before: Snapshot) -> Iterator[None]:
    """Whatever a test of this module does, the account looks as before."""
    yield
    assert snapshot(reader) == before


def snapshot(client: Client) -> Snapshot:
    """All that an account has."""
    return {
        container.name: (
            container,
            {
                listed.name: client.stat_object(container.name, listed.name)
                for listed in client.all_objects(container.name)
            },
        )
        for container in client.all_containers()
    }


def refused(reply: httpx.Response, status: int, *codes: str) -> None:
    """The reply is a problem with one of the codes."""
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    assert code_of(reply) in codes


def encoded(segment: str) -> str:
    """Base64url of the bytes that a percent-encoded name has."""
    return base64.urlsafe_b64encode(unquote_to_bytes(segment)).rstrip(b"=").decode()


# Names

BAD_ESCAPES = ["%", "a%", "%2", "%zz", "a%zzb", "%u0041"]
NOT_UTF8 = ["%FF", "%C3%28", "a%80", "%ED%A0%80", "%C0%AF", "%F5%80%80%80"]
BAD_CHARACTERS = ["%00", "a%00b", "%EF%BF%BD"]
CONTAINER_SEGMENTS = [*NOT_UTF8, *BAD_CHARACTERS, "%2E", "%2E%2E", "a" * 257]
CONTAINER_SEGMENTS += ["%C3%A9" * 128 + "a"]
OBJECT_SEGMENTS = [*NOT_UTF8, *BAD_CHARACTERS, "a" * 1025, "%C3%A9" * 512 + "a"]


@pytest.mark.parametrize("segment", CONTAINER_SEGMENTS, ids=lambda segment: segment[:20])
@pytest.mark.parametrize(
    ("method", "below"),
    [("PUT", ""), ("DELETE", ""), ("GET", "/objects"), ("POST", "/objects/o"), ("GET", "/stat/o")],
)
def test_a_name_that_no_container_can_have(
    wire: Wire, method: str, below: str, segment: str
) -> None:
    content = b"content" if method == "POST" else None
    reply = wire.send(method, f"/v1/containers/{segment}{below}", content=content)
    refused(reply, 400, "invalid_name", "unsafe_path")
    exact = f"{below[:-1]}bw" if below.endswith("/o") else below
    reply = wire.send(method, f"/v1/exact/containers/{encoded(segment)}{exact}", content=content)
    refused(reply, 400, "invalid_name")


@pytest.mark.parametrize("segment", OBJECT_SEGMENTS, ids=lambda segment: segment[:20])
@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("POST", "objects"),
        ("PUT", "objects"),
        ("GET", "objects"),
        ("DELETE", "objects"),
        ("GET", "stat"),
    ],
)
def test_a_name_that_no_object_can_have(wire: Wire, method: str, kind: str, segment: str) -> None:
    content = b"content" if method in ("POST", "PUT") else None
    reply = wire.send(method, f"/v1/containers/kept/{kind}/{segment}", content=content)
    refused(reply, 400, "invalid_name", "unsafe_path")
    target = f"/v1/exact/containers/a2VwdA/{kind}/{encoded(segment)}"
    refused(wire.send(method, target, content=content), 400, "invalid_name")


@pytest.mark.parametrize("segment", BAD_ESCAPES)
def test_a_malformed_escape_does_not_come_past_the_gateway(wire: Wire, segment: str) -> None:
    for path in (f"/v1/containers/{segment}/objects", f"/v1/containers/kept/objects/{segment}"):
        assert wire.send("GET", path, of_gateway=True).status_code == 400


@pytest.mark.parametrize("text", ["YQ==", "YQ%3D%3D", "YR", "a+b", "a.b", "Y", "%20"])
def test_what_is_base64url_of_no_name(wire: Wire, text: str) -> None:
    refused(wire.send("GET", f"/v1/exact/containers/{text}/objects"), 400, "invalid_name")
    refused(wire.send("GET", f"/v1/exact/containers/a2VwdA/objects/{text}"), 400, "invalid_name")


@pytest.mark.parametrize("segment", ["a%2Fb", "%2F", "kept%2Fb"])
def test_a_slash_is_in_no_container_name(wire: Wire, segment: str) -> None:
    reply = wire.send("PUT", f"/v1/containers/{segment}")
    assert (reply.status_code, code_of(reply)) in [(400, "invalid_name"), (404, "not_found")]


def test_head_says_by_its_status_that_a_name_is_bad(wire: Wire) -> None:
    assert wire.send("HEAD", "/v1/containers/kept/objects/%00").status_code == 400


# What is not there


@pytest.mark.parametrize(
    ("method", "path", "codes"),
    [
        ("DELETE", "/v1/containers/none", ["container_not_found"]),
        ("GET", "/v1/containers/none/objects", ["container_not_found"]),
        ("POST", "/v1/containers/none/objects/o", ["container_not_found"]),
        ("PUT", "/v1/containers/none/objects/o", ["container_not_found", "object_not_found"]),
        ("GET", "/v1/containers/none/objects/o", ["container_not_found", "object_not_found"]),
        ("GET", "/v1/containers/none/stat/o", ["container_not_found", "object_not_found"]),
        ("DELETE", "/v1/containers/none/objects/o", ["container_not_found", "object_not_found"]),
        ("PUT", "/v1/containers/kept/objects/none", ["object_not_found"]),
        ("GET", "/v1/containers/kept/objects/none", ["object_not_found"]),
        ("GET", "/v1/containers/kept/stat/none", ["object_not_found"]),
        ("DELETE", "/v1/containers/kept/objects/none", ["object_not_found"]),
    ],
)
@pytest.mark.parametrize("prefer", ["respond-async", "wait=25"])
def test_what_is_not_there_is_not_found(
    wire: Wire, method: str, path: str, codes: list[str], prefer: str
) -> None:
    content = b"content" if method in ("POST", "PUT") else None
    reply = wire.send(method, path, headers={"prefer": prefer}, content=content)
    refused(reply, 404, *codes)


def test_what_is_there_is_not_made_again_and_a_full_container_is_not_deleted(wire: Wire) -> None:
    refused(wire.send("POST", KEPT, headers=SYNC, content=b"other"), 409, "object_exists")
    refused(wire.send("DELETE", "/v1/containers/kept"), 409, "container_not_empty")


# Bodies


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'"demo"',
        b"{}",
        b'{"user_name": "demo"}',
        b'{"password": "x"}',
        b'{"user_name": 1, "password": "x"}',
        b'{"user_name": "demo", "password": null}',
        b'{"user_name": "demo", "password": ["x"]}',
        b'{"user_name": ["demo"], "password": "x"}',
        b'{"user_name": "demo", "password": ""}',
        b'{"user_name": {"$ne": ""}, "password": "x"}',
        b"[" * 4000,
        b'{"user_name": "demo", "password": "' + b"x" * 1_000_000 + b'"}',
    ],
    ids=lambda body: body[:40].decode("latin-1"),
)
@pytest.mark.parametrize("content_type", ["application/json", "application/octet-stream"])
def test_a_login_that_is_not_the_json_it_should_be(
    wire: Wire, content_type: str, body: bytes
) -> None:
    headers = {"content-type": content_type}
    refused(wire.send("POST", "/v1/login", headers=headers, content=body), 400, "invalid_body")


@pytest.mark.parametrize(
    "user_name", ["", "a/b", "../admin", "ünï", "a" * 65, "a b", "a\u0000b", "x' OR '1'='1"]
)
def test_a_login_of_a_name_that_no_user_can_have(wire: Wire, user_name: str) -> None:
    reply = wire.send_json("POST", "/v1/login", {"user_name": user_name, "password": "x"})
    assert (reply.status_code, code_of(reply)) in [
        (400, "invalid_body"),
        (401, "invalid_credentials"),
    ]


def test_a_login_with_another_users_password(wire: Wire, victim: Account, account: Account) -> None:
    credentials = {"user_name": victim.user_name, "password": account.password + "x"}
    refused(wire.send_json("POST", "/v1/login", credentials), 401, "invalid_credentials")


@pytest.mark.parametrize(("method", "path"), [("POST", NEW), ("PUT", KEPT)])
@pytest.mark.parametrize("prefer", ["respond-async", "wait=25"])
def test_content_larger_than_one_call_carries(
    wire: Wire, method: str, path: str, prefer: str
) -> None:
    reply = wire.send(method, path, headers={"prefer": prefer}, content=b"x" * (LARGEST + 1))
    refused(reply, 413, "content_too_large")


@pytest.mark.parametrize("content_type", ["text/plain", "application/json"])
@pytest.mark.parametrize(("method", "path"), [("POST", NEW), ("PUT", KEPT)])
def test_bytes_that_are_not_utf8_are_not_taken_as_text(
    wire: Wire, method: str, path: str, content_type: str
) -> None:
    headers = {"content-type": content_type, **SYNC}
    reply = wire.send(method, path, headers=headers, content=b"caf\xe9")
    refused(reply, 400, "unsafe_text_body")


def test_bytes_that_were_replaced_on_the_way_do_not_pass_with_the_digest_of_the_true_ones(
    wire: Wire,
) -> None:
    content = b"caf\xe9"
    headers = {"content-type": "text/plain", "content-md5": md5_of(content), **SYNC}
    reply = wire.send("POST", NEW, headers=headers, content=content)
    refused(reply, 400, "unsafe_text_body", "digest_mismatch")


# Headers


def md5_of(content: bytes) -> str:
    """``Content-MD5`` of some content."""
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


def sha256_of(content: bytes) -> str:
    """``Content-Digest`` of some content."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


@pytest.mark.parametrize(
    "digests",
    [
        {"content-md5": md5_of(b"other")},
        {"content-digest": sha256_of(b"other")},
        {"content-md5": md5_of(b"content"), "content-digest": sha256_of(b"other")},
        {"content-md5": md5_of(b"other"), "content-digest": sha256_of(b"content")},
    ],
    ids=lambda digests: "+".join(digests),
)
@pytest.mark.parametrize(("method", "path"), [("POST", NEW), ("PUT", KEPT)])
def test_content_that_is_not_what_its_digest_says(
    wire: Wire, method: str, path: str, digests: dict[str, str]
) -> None:
    reply = wire.send(method, path, headers={**digests, **SYNC}, content=b"content")
    refused(reply, 400, "digest_mismatch")


@pytest.mark.parametrize(
    "digests",
    [
        {"content-md5": "not base64!"},
        {"content-md5": "c2hvcnQ="},
        {"content-md5": hashlib.md5(b"content", usedforsecurity=False).hexdigest()},
        {"content-md5": ""},
        {"content-digest": "sha-256"},
        {"content-digest": "sha-256=abc"},
        {"content-digest": "sha-256=:c2hvcnQ=:"},
        {"content-digest": "sha-256=:not base64!:"},
        {"content-digest": f"{sha256_of(b'content')}, sha-256"},
    ],
    ids=str,
)
@pytest.mark.parametrize(("method", "path"), [("POST", NEW), ("PUT", KEPT)])
def test_an_invalid_digest(wire: Wire, method: str, path: str, digests: dict[str, str]) -> None:
    reply = wire.send(method, path, headers={**digests, **SYNC}, content=b"content")
    refused(reply, 400, "invalid_header")


@pytest.mark.parametrize(
    "metadata",
    [
        {"x-object-meta-a": "v" * 257},
        {"x-object-meta-" + "n" * 129: "v"},
        {"x-object-meta-": "v"},
        {"x-object-meta-a": "caf\xe9"},
        {f"x-object-meta-{number}": "v" for number in range(91)},
        {f"x-object-meta-{number:02}": "v" * 250 for number in range(17)},
    ],
    ids=["long value", "long name", "no name", "not ASCII", "too many", "too much"],
)
@pytest.mark.parametrize(("method", "path"), [("POST", NEW), ("PUT", KEPT)])
def test_metadata_that_breaks_a_limit(
    wire: Wire, method: str, path: str, metadata: dict[str, str]
) -> None:
    reply = wire.send(method, path, headers={**metadata, **SYNC}, content=b"content")
    refused(reply, 400, "invalid_metadata")


@pytest.mark.parametrize("content_type", ["no-slash", "/", "text/", "a" * 300 + "/b", "caf\xe9/b"])
def test_an_invalid_content_type(wire: Wire, content_type: str) -> None:
    headers = {"content-type": content_type, **SYNC}
    refused(wire.send("POST", NEW, headers=headers, content=b"content"), 400, "invalid_header")


def test_a_storage_policy_that_does_not_exist(wire: Wire) -> None:
    reply = wire.send("PUT", "/v1/containers/new", headers={"x-storage-policy": "gold"})
    refused(reply, 400, "unknown_storage_policy")


# Tokens


def segment(value: dict[str, Any]) -> str:
    """A part of a JWT."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def forgeries(token: str) -> dict[str, str]:
    """What somebody without the key can make of a token."""
    header, payload, signature = token.split(".")
    claims = claims_of(token)
    for_longer = {**claims, "exp": claims["exp"] + 3600}
    return {
        "rubbish": "rubbish",
        "three dots": "...",
        "not a token": "a.b.c",
        "without signature": f"{header}.{payload}.",
        "cut": token[:-1],
        "other signature": f"{header}.{payload}.{signature[::-1]}",
        "longer life": f"{header}.{segment(for_longer)}.{signature}",
        "alg none": f"{segment({'alg': 'none', 'typ': 'JWT'})}.{payload}.",
        "alg None": f"{segment({'alg': 'None', 'typ': 'JWT'})}.{payload}.{signature}",
        "another key": jwt.encode(claims, "not the key of the clusters " * 2, algorithm="HS256"),
        "empty key": jwt.encode(claims, "\0" * 32, algorithm="HS256"),
        "two tokens": f"{token} {token}",
    }


FORGERIES = list(forgeries(jwt.encode({"exp": 1}, "k" * 32)))


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_token(victim: Account, wire: Wire, forgery: str) -> None:
    token = forgeries(victim.token)[forgery]
    reply = wire.send("GET", KEPT, headers={"authorization": f"Bearer {token}"})
    refused(reply, 401, "token_invalid")


@pytest.mark.parametrize(("method", "path"), ALL_CALLS)
def test_no_call_takes_a_forged_token(victim: Account, wire: Wire, method: str, path: str) -> None:
    token = forgeries(victim.token)["another key"]
    content = b"content" if method in ("POST", "PUT") else None
    headers = {"authorization": f"Bearer {token}", **SYNC}
    refused(wire.send(method, path, headers=headers, content=content), 401, "token_invalid")


@pytest.mark.parametrize(("method", "path"), ALL_CALLS)
def test_no_call_goes_without_a_token(victim: Account, method: str, path: str) -> None:
    nobody = Wire(victim.endpoints["s3"])
    content = b"content" if method in ("POST", "PUT") else None
    refused(nobody.send(method, path, headers=SYNC, content=content), 401, "token_missing")
    nobody.close()


@pytest.mark.parametrize("header", ["", "Bearer", "Basic dXNlcjpwYXNz", "Token abc"])
def test_an_invalid_bearer_token(wire: Wire, header: str) -> None:
    reply = wire.send("GET", KEPT, headers={"authorization": header})
    refused(reply, 401, "token_missing", "token_invalid")


def test_head_without_a_token_is_refused(victim: Account) -> None:
    nobody = Wire(victim.endpoints["ceph"])
    assert nobody.send("HEAD", KEPT).status_code == 401
    nobody.close()


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_an_expired_token(victim: Account, wire: Wire, sign: Sign, method: str, path: str) -> None:
    ended = datetime.now(UTC) - timedelta(seconds=2)
    claims = {**claims_of(victim.token), "iat": ended - timedelta(hours=1), "exp": ended}
    expired = sign(claims)
    content = b"content" if method in ("POST", "PUT") else None
    headers = {"authorization": f"Bearer {expired}", **SYNC}
    refused(wire.send(method, path, headers=headers, content=content), 401, "token_expired")


@pytest.mark.parametrize("claim", ["exp", "sub", "iat", "iss"])
def test_a_token_that_lacks_a_claim_is_invalid_even_with_the_right_key(
    victim: Account, wire: Wire, sign: Sign, claim: str
) -> None:
    claims = claims_of(victim.token)
    del claims[claim]
    token = sign(claims)
    reply = wire.send("GET", KEPT, headers={"authorization": f"Bearer {token}"})
    refused(reply, 401, "token_invalid")


def test_what_everybody_may_know_of_a_key_signs_nothing(
    victim: Account, wire: Wire, token_keys: tuple[TokenKey, ...]
) -> None:
    for key in token_keys:
        for headers in ({"kid": key.id}, None):
            for algorithm in ("HS256", "HS512"):
                token = jwt.encode(claims_of(victim.token), key.public * 2, algorithm, headers)
                reply = wire.send("GET", KEPT, headers={"authorization": f"Bearer {token}"})
                refused(reply, 401, "token_invalid")


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("DELETE", "/v1/containers/kept", "container_not_found"),
        ("GET", "/v1/containers/kept/objects", "container_not_found"),
        ("POST", NEW, "container_not_found"),
        ("PUT", KEPT, "object_not_found"),
        ("GET", STAT, "object_not_found"),
        ("GET", KEPT, "object_not_found"),
        ("DELETE", KEPT, "object_not_found"),
    ],
)
@pytest.mark.parametrize("prefer", ["respond-async", "wait=25"])
def test_another_account_sees_and_touches_nothing(
    account: Account, method: str, path: str, code: str, prefer: str
) -> None:
    other = account.wire("swift")
    content = b"content" if method in ("POST", "PUT") else None
    reply = other.send(method, path, headers={"prefer": prefer}, content=content)
    refused(reply, 404, code, "container_not_found")
    other.close()


def test_accounts_have_containers_of_equal_names_apart(new_account: AccountFactory) -> None:
    with new_account().client() as other:
        other.create_container("kept")
        other.create_object("kept", "kept", b"other content", prefer="wait=25")
        other.update_object("kept", "kept", b"newer content", prefer="wait=25")
        assert [one.name for one in other.all_containers()] == ["kept"]
        other.delete_object("kept", "kept", prefer="wait=25")
        other.delete_container("kept")


# Methods and paths

# Not OPTIONS, which the emulator's gateway answers itself, as one with CORS does.
METHODS = ["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH"]
PATHS = {
    "/v1/login": "/v1/login",
    "/v1/containers": "/v1/containers",
    "/v1/containers/{container}": "/v1/containers/kept",
    "/v1/containers/{container}/objects": "/v1/containers/kept/objects",
    "/v1/containers/{container}/objects/{object}": KEPT,
    "/v1/containers/{container}/stat/{object}": STAT,
}
WRONG = [
    (method, template)
    for template in PATHS
    for method in METHODS
    if method.lower() not in CONTRACT.document["paths"][template]
]


@pytest.mark.parametrize(("method", "template"), WRONG)
def test_a_method_that_the_path_does_not_have(wire: Wire, method: str, template: str) -> None:
    content = b"content" if method in ("POST", "PUT", "PATCH") else None
    reply = wire.send(method, PATHS[template], content=content)
    assert reply.status_code == 405
    documented = set(CONTRACT.document["paths"][template]) - {"parameters"}
    allowed = {one.strip().lower() for one in reply.headers["allow"].split(",")}
    assert allowed == documented
    if method != "HEAD":
        refused(reply, 405, "method_not_allowed")


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/",
        "/v2/containers",
        "/V1/containers",
        "/v1/logins",
        "/v1/login/x",
        "/v1/containers/kept/other",
        "/v1/containers/kept/objects/",
        "/v1/containers/kept/stat/",
        "/v1/containers/",
        "/v1/containers/kept/other/kept",
        "/favicon.ico",
        "/v1/upload",
    ],
)
def test_a_path_that_does_not_exist(wire: Wire, method: str, path: str) -> None:
    content = b"content" if method in ("POST", "PUT") else None
    refused(wire.send(method, path, content=content), 404, "not_found")
