"""Conditional requests and ranges (RFC 9110)."""

from hashlib import md5

import pytest

from mcos_client import Client
from tests.support.paths import object_path
from tests.support.wire import SYNC, Wire, code_of

CONTENT = b"0123456789"
ETAG = f'"{md5(CONTENT, usedforsecurity=False).hexdigest()}"'
OTHER = f'"{"0" * 32}"'
EARLY, LATE = "Sun, 22 Nov 2015 10:00:00 GMT", "Wed, 22 Nov 2062 10:00:00 GMT"


@pytest.fixture
def path(wire: Wire, container: str) -> str:
    """An object with ``CONTENT``."""
    path = object_path(container, "o")
    assert wire.send("POST", path, headers=SYNC, content=CONTENT).headers["etag"] == ETAG
    return path


HOLDING = [
    {"if-match": ETAG},
    {"if-match": f"{OTHER}, {ETAG}"},
    {"if-match": "*"},
    {"if-none-match": OTHER},
    {"if-match": ETAG, "if-none-match": OTHER},
    {"if-unmodified-since": LATE},
    {"if-match": ETAG, "if-unmodified-since": EARLY},
]
FAILING = [
    {"if-match": OTHER},
    {"if-match": f"W/{ETAG}"},
    {"if-none-match": ETAG},
    {"if-none-match": f"W/{ETAG}"},
    {"if-none-match": f"{OTHER},{ETAG}"},
    {"if-none-match": "*"},
    {"if-match": OTHER, "if-none-match": OTHER},
    {"if-unmodified-since": EARLY},
]


@pytest.mark.parametrize("headers", HOLDING, ids=str)
@pytest.mark.parametrize(
    ("method", "status"), [("PUT", 200), ("DELETE", 204), ("GET", 200), ("HEAD", 200)]
)
def test_a_condition_that_holds_lets_through(
    wire: Wire, path: str, method: str, status: int, headers: dict[str, str]
) -> None:
    content = b"new" if method == "PUT" else None
    reply = wire.send(method, path, headers={**SYNC, **headers}, content=content)
    assert reply.status_code == status


@pytest.mark.parametrize("headers", FAILING, ids=str)
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_condition_that_fails_refuses_a_write_and_changes_nothing(
    wire: Wire, path: str, method: str, headers: dict[str, str]
) -> None:
    before = wire.send("GET", path)
    content = b"new" if method == "PUT" else None
    reply = wire.send(method, path, headers={**SYNC, **headers}, content=content)
    assert (reply.status_code, code_of(reply)) == (412, "precondition_failed")
    after = wire.send("GET", path)
    assert after.content == CONTENT
    assert after.headers["x-mcos-version"] == before.headers["x-mcos-version"]


@pytest.mark.parametrize("headers", FAILING, ids=str)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_condition_that_fails_answers_a_read_by_its_kind(
    wire: Wire, path: str, method: str, headers: dict[str, str]
) -> None:
    reply = wire.send(method, path, headers=headers)
    if not {"if-match", "if-unmodified-since"}.isdisjoint(headers):
        assert reply.status_code == 412
        assert method == "HEAD" or code_of(reply) == "precondition_failed"
    else:
        assert (reply.status_code, reply.content) == (304, b"")
        assert reply.headers["etag"] == ETAG


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_was_not_modified_is_not_sent_again(wire: Wire, path: str, method: str) -> None:
    modified = wire.send(method, path).headers["last-modified"]
    for since, status in ((EARLY, 200), (modified, 304), (LATE, 304)):
        reply = wire.send(method, path, headers={"if-modified-since": since})
        assert reply.status_code == status
    both = {"if-modified-since": LATE, "if-none-match": OTHER}
    assert wire.send(method, path, headers=both).status_code == 200


@pytest.mark.parametrize(
    ("validator", "status"), [(ETAG, 206), (OTHER, 200), (EARLY, 200), (None, 206)]
)
def test_a_range_applies_to_what_if_range_names(
    wire: Wire, path: str, validator: str | None, status: int
) -> None:
    named = validator or wire.send("HEAD", path).headers["last-modified"]
    reply = wire.send("GET", path, headers={"range": "bytes=0-0", "if-range": named})
    assert reply.status_code == status


def test_create_only_if_there_is_none(wire: Wire, container: str) -> None:
    path = object_path(container, "new")
    headers = {**SYNC, "if-none-match": "*"}
    assert wire.send("POST", path, headers=headers, content=b"first").status_code == 201
    # RFC 9110, 13.2.1: a server may answer what it would have without the condition.
    assert wire.send("POST", path, headers=headers, content=b"second").status_code in (409, 412)
    assert wire.send("GET", path).content == b"first"


def test_a_create_that_wants_a_match_is_refused_where_there_is_none(
    wire: Wire, container: str
) -> None:
    path = object_path(container, "new")
    reply = wire.send("POST", path, headers={**SYNC, "if-match": "*"}, content=b"")
    assert (reply.status_code, code_of(reply)) == (412, "precondition_failed")
    assert wire.send("HEAD", path).status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_object_that_is_not_there_is_not_found_whatever_the_condition(
    wire: Wire, container: str, method: str
) -> None:
    content = b"" if method == "PUT" else None
    path = object_path(container, "none")
    reply = wire.send(method, path, headers={"if-none-match": "*"}, content=content)
    assert (reply.status_code, code_of(reply)) == (404, "object_not_found")


def test_of_two_updates_that_saw_the_same_content_one_is_refused(
    client: Client, wire: Wire, path: str
) -> None:
    headers = {**SYNC, "if-match": ETAG}
    assert wire.send("PUT", path, headers=headers, content=b"mine").status_code == 200
    assert wire.send("PUT", path, headers=headers, content=b"yours").status_code == 412
    assert wire.send("GET", path).content == b"mine"


@pytest.mark.parametrize("header", ["if-match", "if-none-match"])
@pytest.mark.parametrize("value", ["unquoted", '"open', '"a" "b"', "W/x"])
def test_a_malformed_condition_guards_nothing_and_is_refused(
    wire: Wire, path: str, header: str, value: str
) -> None:
    reply = wire.send("PUT", path, headers={**SYNC, header: value}, content=b"new")
    assert (reply.status_code, code_of(reply)) == (400, "invalid_header")
    assert wire.send("GET", path).content == CONTENT


RANGES = {
    "bytes=0-0": (0, 1),
    "bytes=0-9": (0, 10),
    "bytes=3-5": (3, 6),
    "bytes=9-": (9, 10),
    "bytes=0-": (0, 10),
    "bytes=5-1000": (5, 10),
    "bytes=-1": (9, 10),
    "bytes=-10": (0, 10),
    "bytes=-1000": (0, 10),
}


@pytest.mark.parametrize("asked", RANGES)
def test_a_range_of_the_content(wire: Wire, path: str, asked: str) -> None:
    first, end = RANGES[asked]
    reply = wire.send("GET", path, headers={"range": asked})
    assert (reply.status_code, reply.content) == (206, CONTENT[first:end])
    assert reply.headers["content-range"] == f"bytes {first}-{end - 1}/10"
    assert reply.headers["etag"] == ETAG


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=10-11", "bytes=1000-2000", "bytes=-0"])
def test_a_range_behind_the_end_cannot_be_satisfied(wire: Wire, path: str, asked: str) -> None:
    reply = wire.send("GET", path, headers={"range": asked})
    assert (reply.status_code, code_of(reply)) == (416, "range_not_satisfiable")
    assert reply.headers["content-range"] == "bytes */10"


@pytest.mark.parametrize(
    "asked",
    ["bytes=", "bytes=a-b", "bytes=5-3", "lines=1-2", "bytes", "bytes=0-1,3-4", "bytes=--1"],
)
def test_what_is_no_single_range_is_ignored(wire: Wire, path: str, asked: str) -> None:
    reply = wire.send("GET", path, headers={"range": asked})
    assert (reply.status_code, reply.content) == (200, CONTENT)


def test_nothing_of_an_empty_object_can_be_had_by_range(wire: Wire, container: str) -> None:
    path = object_path(container, "empty")
    wire.send("POST", path, headers=SYNC, content=b"")
    reply = wire.send("GET", path, headers={"range": "bytes=0-0"})
    assert (reply.status_code, reply.headers["content-range"]) == (416, "bytes */0")


@pytest.mark.parametrize(
    ("if_range", "status"), [(ETAG, 206), (OTHER, 200), (f"W/{ETAG}", 200)], ids=str
)
def test_if_range_gives_the_range_only_of_the_same_content(
    wire: Wire, path: str, if_range: str, status: int
) -> None:
    reply = wire.send("GET", path, headers={"range": "bytes=2-3", "if-range": if_range})
    assert reply.status_code == status
    assert reply.content == (CONTENT[2:4] if status == 206 else CONTENT)


def test_not_modified_comes_before_the_range(wire: Wire, path: str) -> None:
    reply = wire.send("GET", path, headers={"range": "bytes=99-", "if-none-match": ETAG})
    assert reply.status_code == 304
