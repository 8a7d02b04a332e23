"""The headers of content are kept as they came, whichever way it came, and given back with it."""

from typing import Any

import pytest

from mcos import limits
from mcos.model.representation import NAMES
from tests.support.cloud import ASYNC, SYNC
from tests.support.paths import object_path
from tests.support.uploads import Sender
from tests.support.user import User

HEADERS = {
    "Cache-Control": "max-age=60, public",
    "Content-Disposition": "attachment; filename*=UTF-8''%C3%BC.txt",
    "Content-Encoding": "gzip",
    "Content-Language": "de, en",
    "Expires": "Thu, 01 Dec 2033 16:00:00 GMT",
}
SENT = {name.lower(): value for name, value in HEADERS.items()}
CONTENT = bytes(range(256))


@pytest.fixture
def sender(user: User) -> Sender:
    return Sender(user)


@pytest.fixture
def owner(user: User) -> User:
    """A user whose account is there, as messages name it."""
    user.cloud.add_account(user.account, "password")
    return user


def told(user: User, name: str = "a") -> None:
    """Each way of reading gives all of them back, and the bytes as they were sent."""
    path = object_path("photos", name)
    etag = user.stat(name)["etag"]
    for method, more, status in (
        ("GET", {}, 200),
        ("HEAD", {}, 200),
        ("GET", {"range": "bytes=0-3"}, 206),
        ("GET", {"if-none-match": etag}, 304),
        ("HEAD", {"if-none-match": etag}, 304),
    ):
        reply = user.call(method, path, headers=more)
        assert reply.status == status
        assert {key: reply.headers.get(key) for key in SENT} == SENT
    assert user.stat(name)["headers"] == HEADERS
    assert user.download(name).body == CONTENT


@pytest.mark.parametrize("prefer", [SYNC, ASYNC], ids=["sync", "async"])
def test_of_a_create_and_gone_with_the_content_that_they_describe(
    user: User, prefer: dict[str, str]
) -> None:
    assert user.create("a", CONTENT, {**prefer, **SENT}).status in (201, 202)
    told(user)
    user.cloud.settle()
    told(user)
    user.update("a", b"plain", {**prefer, "content-language": "fr"})
    user.cloud.settle()
    assert user.stat("a")["headers"] == {"Content-Language": "fr"}
    assert "content-encoding" not in user.download("a").headers


def test_of_an_upload(sender: Sender) -> None:
    upload = sender.begin("a", CONTENT, headers=HEADERS)
    assert upload["headers"] == HEADERS
    sender.send(upload, CONTENT)
    assert sender.complete(upload).status == 202
    sender.cloud.settle()
    told(sender.user)


def test_of_a_file_that_is_dropped(owner: User) -> None:
    own = {name.replace("-", ""): value for name, value in HEADERS.items()}
    key = f"incoming/{owner.account}/photos/a"
    event = owner.cloud.put_into_staging("s3", key, CONTENT, **own)
    assert owner.cloud.ingest("s3", event) == []
    owner.cloud.settle()
    told(owner)


@pytest.mark.parametrize("named", [True, False], ids=["by the message", "by the file"])
def test_of_a_message(owner: User, named: bool) -> None:
    own = {name.replace("-", ""): value for name, value in HEADERS.items()}
    owner.cloud.put_into_staging("s3", "inbound/a", CONTENT, **({} if named else own))
    message: dict[str, Any] = {
        "account": owner.account,
        "container": "photos",
        "object": "a",
        "staging_key": "inbound/a",
    }
    assert owner.cloud.ingest("s3", message | ({"headers": HEADERS} if named else {})) == []
    owner.cloud.settle()
    told(owner)


def test_a_redirect_has_no_content_and_none_of_its_headers(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    user.create("a", CONTENT, {**SYNC, **SENT})
    monkeypatch.setattr(limits, "CONTENT_BYTES", 4)
    reply = user.download("a")
    assert reply.status == 307
    assert {*SENT} & {*reply.headers} == {"cache-control"}
    assert reply.headers["cache-control"] == "no-store"


def test_what_a_dropped_file_says_that_cannot_be_kept_is_left_out(owner: User) -> None:
    key = f"incoming/{owner.account}/photos/a"
    event = owner.cloud.put_into_staging(
        "s3", key, CONTENT, ContentEncoding="aws-chunked", CacheControl="no-store"
    )
    assert owner.cloud.ingest("s3", event) == []
    owner.cloud.settle()
    assert owner.stat("a")["headers"] == {"Cache-Control": "no-store"}


BAD = {
    "content-encoding": "aws-chunked,gzip",
    "content-language": "de\tch",
    "cache-control": "x" * 513,
    "expires": "naïve",
}


@pytest.mark.parametrize("name", BAD)
def test_one_that_cannot_be_kept_is_refused(sender: Sender, name: str) -> None:
    user = sender.user
    reply = user.create("a", b"", {**SYNC, name: BAD[name]})
    assert (reply.status, reply.code) == (400, "invalid_header")
    assert user.call("HEAD", object_path("photos", "a")).status == 404
    wanted = {"container": "photos", "object": "a", "action": "create"}
    reply = sender.ask("POST", "", {**wanted, "headers": {NAMES[name]: BAD[name]}})
    assert (reply.status, reply.code) == (400, "invalid_header")


def test_no_other_header_can_be_named(sender: Sender) -> None:
    wanted = {"container": "photos", "object": "a", "action": "create"}
    for headers in ({"Content-Type": "text/html"}, {"Set-Cookie": "a=b"}, {"": "a"}):
        reply = sender.ask("POST", "", {**wanted, "headers": headers})
        assert (reply.status, reply.code) == (400, "invalid_header")
    twice = {"Expires": "0", "expires": "0"}
    assert sender.ask("POST", "", {**wanted, "headers": twice}).code == "invalid_header"
