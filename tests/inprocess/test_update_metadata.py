"""What describes an object is changed without its content: the version, its ETag and its copies
stay, and every way of reading tells the change."""

import json
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from mcos.events.state_change import state_change
from mcos_rescue.inventory import Inventory
from tests.support.cloud import ASYNC, SYNC, Cloud
from tests.support.gateway import Reply
from tests.support.network import Manner
from tests.support.paths import container_path, object_path, undelete_path
from tests.support.rescued import RescuedStore, journal, prepare, rescued
from tests.support.uploads import JSON, PART, Sender
from tests.support.user import User

CONTENT, OTHER = b"bytes that stay where they are", b"bytes that replace them"
FIRST = {
    "x-mcos-content-type": "text/plain",
    "x-object-meta-colour": "green",
    "x-object-meta-mtime": "1.5",
    "cache-control": "no-store",
}


def change(user: User, name: str, body: Any, at: str = "s3", **headers: str) -> Reply:
    """Change what describes an object of ``photos``."""
    sent = {**JSON, **{key.replace("_", "-"): value for key, value in headers.items()}}
    path = object_path("photos", name)
    return user.call("PATCH", path, json.dumps(body).encode(), sent, at)


def described(user: User, name: str = "a") -> dict[str, Any]:
    stat = user.stat(name)
    return {key: stat[key] for key in ("content_type", "metadata", "headers")}


def lasting(user: User, name: str = "a") -> dict[str, Any]:
    """What no change of that kind touches."""
    stat = user.stat(name)
    names = ("version", "etag", "digest", "size", "created_at", "replicas", "storage_policy")
    return {key: stat[key] for key in names}


def keys(user: User) -> set[tuple[str, str]]:
    """Every copy there is on a backend, by its cluster and its key there."""
    return {
        (name, key)
        for name, backend in user.cloud.backends.items()
        for key in backend.replicas
        if key.startswith(f"{user.account}/")
    }


@pytest.mark.parametrize("prefer", [SYNC, ASYNC], ids=["sync", "async"])
def test_every_way_of_reading_tells_the_change_and_the_content_stays(
    user: User, prefer: dict[str, str]
) -> None:
    user.create("a", CONTENT, {**prefer, **FIRST})
    before, copies = lasting(user), keys(user)
    user.cloud.clock.advance(90)
    reply = change(
        user,
        "a",
        {
            "content_type": "image/png",
            "metadata": {"Colour": "red", "size": "large", "mtime": None},
            "headers": {"cache-control": None, "Content-Language": "de"},
        },
    )
    assert reply.status == 200
    assert reply.json()["content_type"] == "image/png"
    assert reply.headers["x-mcos-version"] == before["version"]
    expected = {
        "content_type": "image/png",
        "metadata": {"colour": "red", "size": "large"},
        "headers": {"Content-Language": "de"},
    }
    for _ in range(2):
        assert lasting(user)["version"] == before["version"]
        assert described(user) == expected
        for method in ("HEAD", "GET"):
            told = user.call(method, object_path("photos", "a"))
            assert told.headers["etag"] == before["etag"]
            assert told.headers["content-type"] == "image/png"
            assert told.headers["x-object-meta-colour"] == "red"
            assert told.headers["content-language"] == "de"
            assert "cache-control" not in told.headers
            assert "x-object-meta-mtime" not in told.headers
        assert user.download("a").body == CONTENT
        [entry] = user.call("GET", f"{container_path('photos')}/objects").json()["objects"]
        assert (entry["content_type"], entry["mtime"]) == ("image/png", None)
        assert (entry["etag"], entry["digest"]) == (before["etag"], before["digest"])
        user.cloud.settle()
    assert copies <= keys(user)
    assert user.stat("a")["state"] == "CREATED"


def test_what_is_not_named_stays_and_null_as_a_whole_removes_all(user: User) -> None:
    user.create("a", CONTENT, {**SYNC, **FIRST})
    assert change(user, "a", {"metadata": {"size": ""}}).status == 200
    assert described(user) == {
        "content_type": "text/plain",
        "metadata": {"colour": "green", "mtime": "1.5", "size": ""},
        "headers": {"Cache-Control": "no-store"},
    }
    assert (
        change(user, "a", {"metadata": None, "headers": None, "content_type": None}).status == 200
    )
    assert described(user) == {
        "content_type": "application/octet-stream",
        "metadata": {},
        "headers": {},
    }


def test_the_time_of_the_change_is_when_the_object_was_modified(user: User) -> None:
    user.create("a", CONTENT, SYNC)
    made = user.download("a").headers["last-modified"]
    user.cloud.clock.advance(60)
    assert change(user, "a", {"metadata": {"colour": "red"}}).status == 200
    told = user.download("a").headers["last-modified"]
    passed = parsedate_to_datetime(told) - parsedate_to_datetime(made)
    assert 60 <= passed.total_seconds() < 90
    refused = change(user, "a", {"metadata": {"colour": "blue"}}, if_unmodified_since=made)
    assert (refused.status, refused.code) == (412, "precondition_failed")
    assert user.update("a", OTHER, {**SYNC, "if-unmodified-since": made}).status == 412
    assert user.download("a", {"if-modified-since": made}).status == 200
    assert user.download("a", {"if-modified-since": told}).status == 304


def test_a_change_to_what_is_there_writes_nothing(user: User) -> None:
    user.create("a", CONTENT, {**SYNC, **FIRST})
    before = user.cloud.record(user.account, "photos", "a")
    for body in ({}, {"metadata": {"colour": "green"}}, {"headers": {"Cache-Control": "no-store"}}):
        assert change(user, "a", body).status == 200
    assert user.cloud.record(user.account, "photos", "a") == before
    assert change(user, "a", {}, if_match='"another"').status == 412


def test_it_takes_a_read_and_a_write(user: User) -> None:
    user.create("a", CONTENT, SYNC)
    change(user, "a", {"metadata": {"colour": "red"}})
    with user.cloud.network.record() as calls:
        assert change(user, "a", {"metadata": {"colour": "blue"}}).status == 200
    assert [call.name for call in calls] == ["dynamodb:GetItem", "dynamodb:PutItem"]


def test_conditions_refer_to_what_is_described(user: User) -> None:
    user.create("a", CONTENT, SYNC)
    etag, body = user.stat("a")["etag"], {"metadata": {"colour": "red"}}
    for wrong in ({"if_match": '"another"'}, {"if_none_match": etag}, {"if_none_match": "*"}):
        reply = change(user, "a", body, **wrong)
        assert (reply.status, reply.code) == (412, "precondition_failed")
    assert described(user)["metadata"] == {}
    assert change(user, "a", body, if_match=etag).status == 200
    # The content did not change, so what it is compared by did not either.
    assert change(user, "a", {"metadata": {"colour": "blue"}}, if_match=etag).status == 200


def test_there_must_be_an_object(user: User) -> None:
    reply = change(user, "a", {"metadata": {}})
    assert (reply.status, reply.code) == (404, "object_not_found")
    user.create("a", CONTENT, SYNC)
    user.call("DELETE", object_path("photos", "a"), b"", ASYNC)
    assert change(user, "a", {"metadata": {}}).code == "object_not_found"
    user.cloud.settle()
    assert change(user, "a", {"metadata": {}}).code == "object_not_found"
    user.create("a", CONTENT, SYNC)
    other = User(user.cloud)
    assert change(other, "a", {"metadata": {}}).code == "object_not_found"


BAD: dict[str, tuple[Any, str]] = {
    "no object": ([], "invalid_body"),
    "another field": ({"size": 3}, "invalid_body"),
    "a type that is none": ({"content_type": "png"}, "invalid_body"),
    "a number": ({"metadata": {"a": 1}}, "invalid_body"),
    "one name twice": ({"metadata": {"a": "1", "A": "2"}}, "invalid_metadata"),
    "a name that no header has": ({"metadata": {"a b": "1"}}, "invalid_metadata"),
    "not ASCII": ({"metadata": {"a": "ü"}}, "invalid_metadata"),
    "too many with those that are there": (
        {"metadata": {f"m{number}": "" for number in range(89)}},
        "invalid_metadata",
    ),
    "a header that is not kept": ({"headers": {"Set-Cookie": "a"}}, "invalid_header"),
    "an empty header": ({"headers": {"Expires": ""}}, "invalid_header"),
    "chunks": ({"headers": {"Content-Encoding": "aws-chunked"}}, "invalid_header"),
    "a header twice": ({"headers": {"Expires": "0", "expires": "1"}}, "invalid_header"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_may_not_be_stored_may_not_be_made_of_it_either(user: User, name: str) -> None:
    user.create("a", CONTENT, {**SYNC, **FIRST})
    before = described(user)
    body, code = BAD[name]
    reply = change(user, "a", body)
    assert (reply.status, reply.code) == (400, code)
    assert described(user) == before


def test_without_a_body_nothing_changes(user: User) -> None:
    """A lost body empties no object."""
    user.create("a", CONTENT, {**SYNC, **FIRST})
    before = described(user)
    assert user.call("PATCH", object_path("photos", "a"), b"", JSON).status == 200
    assert described(user) == before
    assert user.download("a").body == CONTENT


def test_what_is_retained_is_not_described_anew(user: User) -> None:
    user.call("PUT", container_path("photos"), b"", {"x-retention-days": "1"})
    user.create("a", CONTENT, {**SYNC, **FIRST})
    reply = change(user, "a", {"metadata": None})
    assert (reply.status, reply.code) == (409, "retained")
    user.cloud.clock.advance(2 * 24 * 3600)
    user.token = user.cloud.token(user.account)
    assert change(user, "a", {"metadata": None}).status == 200


# While something is under way


@pytest.fixture
def sender(user: User, small_parts: None) -> Sender:
    return Sender(user)


def test_of_an_upload_readers_see_it_with_the_content(sender: Sender) -> None:
    user, large = sender.user, bytes(PART) * 2 + b"the rest"
    user.create("a", CONTENT, {**SYNC, **FIRST})
    upload = sender.begin("a", large, action="update", metadata={"colour": "blue"})
    sender.send(upload, large)
    taken = sender.complete(upload)
    assert taken.status == 202
    # Who knows the version that was taken may name it, and no other.
    old = user.download("a").headers["etag"]
    assert change(user, "a", {"metadata": {"colour": "red"}}, if_match=old).status == 412
    reply = change(user, "a", {"metadata": {"size": "large"}}, if_match=taken.headers["etag"])
    assert (reply.status, reply.headers["x-mcos-state"]) == (202, "UPDATING")
    assert reply.headers["x-mcos-version"] == upload["upload"]
    assert described(user)["metadata"] == {"colour": "green", "mtime": "1.5"}
    user.cloud.settle()
    assert described(user)["metadata"] == {"colour": "blue", "size": "large"}
    assert user.stat("a")["size"] == len(large)


def test_a_synchronous_change_under_way_is_neither_hindered_nor_described(
    cloud: Cloud, user: User
) -> None:
    user.create("a", CONTENT, {**SYNC, **FIRST})
    replies: list[Reply] = []

    def meanwhile() -> None:
        replies.append(change(user, "a", {"metadata": {"colour": "red"}}))

    updated = during_the_first_put(cloud, meanwhile, lambda: user.update("a", OTHER, SYNC))
    assert [reply.status for reply in replies] == [200]
    assert updated.status == 200
    cloud.settle()
    assert user.download("a").body == OTHER
    assert described(user)["metadata"] == {}  # the update is what was done last


def test_nobody_describes_what_nobody_may_read_yet(cloud: Cloud, user: User) -> None:
    replies: list[Reply] = []

    def meanwhile() -> None:
        replies.append(change(user, "a", {"metadata": {"colour": "red"}}))

    created = during_the_first_put(cloud, meanwhile, lambda: user.create("a", CONTENT, SYNC))
    assert [(reply.status, reply.code) for reply in replies] == [(409, "object_not_ready")]
    assert created.status == 201


def during_the_first_put(
    cloud: Cloud, meanwhile: Callable[[], None], call: Callable[[], Reply]
) -> Reply:
    """Make a call; something else happens before the first replica of it is written."""
    pending = [meanwhile]

    def before(name: str) -> None:
        if name == "backend:put" and pending:
            do, place = pending.pop(), cloud.network.place
            do()
            cloud.return_to(place)

    cloud.network.before = before
    try:
        return call()
    finally:
        cloud.network.before = None


def test_a_commit_and_a_change_at_the_same_time_lose_nothing_of_each_other(
    cloud: Cloud, user: User
) -> None:
    user.create("a", CONTENT, {**ASYNC, **FIRST})
    replies: list[Reply] = []

    def meanwhile() -> None:
        replies.append(change(user, "a", {"metadata": {"colour": "red"}}))

    def settle() -> Reply:
        cloud.settle()
        return user.download("a")

    told = during_the_first_put(cloud, meanwhile, settle)
    assert [reply.status for reply in replies] == [200]
    assert (told.headers["x-mcos-state"], told.headers["x-object-meta-colour"]) == (
        "CREATED",
        "red",
    )
    cloud.check_storage(user.account)


# What becomes of it


def test_what_is_taken_back_is_described_as_it_was_deleted(cloud: Cloud, user: User) -> None:
    cloud.grant(3600)
    user.create("a", CONTENT, {**SYNC, **FIRST})
    change(user, "a", {"metadata": {"colour": "red"}, "content_type": "image/png"})
    before, modified = described(user), user.stat("a")["last_modified"]
    user.call("DELETE", object_path("photos", "a"), b"", SYNC)
    assert user.call("POST", undelete_path("photos", "a")).status == 200
    assert (described(user), user.stat("a")["last_modified"]) == (before, modified)
    assert user.download("a").body == CONTENT


def test_a_copy_that_is_written_later_has_the_type_of_then(cloud: Cloud, user: User) -> None:
    user.create("a", CONTENT, {**SYNC, **FIRST})
    change(user, "a", {"content_type": "image/png"})
    del cloud.backends["ceph"].replicas[cloud.key(user.account, "photos", "a", "ceph")]
    assert user.download("a", at="ceph").body == CONTENT
    cloud.settle()
    types = {name: cloud.backends[name].replicas[key][1].content_type for name, key in keys(user)}
    assert types == {"s3": "text/plain", "swift": "text/plain", "ceph": "image/png"}
    assert user.download("a", at="swift").headers["content-type"] == "image/png"


def test_the_journal_tells_the_rescue_what_is_newer_than_the_headers_of_the_copies(
    cloud: Cloud, user: User
) -> None:
    prepare(cloud)
    user.create("a", CONTENT, {**SYNC, **FIRST})
    journal(cloud)
    change(user, "a", {"content_type": "image/png", "metadata": {"colour": "red"}})
    journal(cloud)
    backend = cloud.backends["swift"]
    with rescued(backend) as catalog:
        [found] = Inventory(RescuedStore(backend), catalog).seen()
    assert (found.content_type, found.metadata) == ("image/png", {"colour": "red", "mtime": "1.5"})


# Crashes and races


@pytest.mark.parametrize("manner", Manner, ids=lambda manner: manner.name.lower())
def test_whatever_goes_wrong_once_it_is_described_in_one_way_or_the_other(
    cloud: Cloud, user: User, manner: Manner
) -> None:
    user.create("a", CONTENT, {**SYNC, **FIRST})
    before, version = described(user), lasting(user)
    after = {**before, "metadata": {"colour": "red", "mtime": "1.5"}}
    begin_again, number = cloud.keep(), 0
    while True:
        begin_again()
        cloud.chill()
        with cloud.network.record((number, manner)) as calls:
            reply = change(user, "a", {"metadata": {"colour": "red"}})
        if number >= len(calls):
            break
        cloud.settle()
        possible = [after] if reply.status == 200 else [before, after]
        if reply.status == 503 and reply.code != "outcome_unknown":
            possible = [before]
        assert described(user) in possible, calls[number]
        assert lasting(user) == version
        assert user.download("a").body == CONTENT
        number += 1
    assert number >= 2


def test_after_a_lost_reply_it_undoes_nothing_that_came_after(cloud: Cloud, user: User) -> None:
    user.create("a", CONTENT, {**SYNC, **FIRST})
    change(user, "a", {})
    number = 1  # the write

    def meanwhile() -> None:
        assert change(user, "a", {"metadata": {"colour": "blue"}}, at="swift").status == 200

    seen: list[str] = []

    def before(name: str) -> None:
        seen.append(name)
        if seen == ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:GetItem"]:
            place, cloud.network.before = cloud.network.place, None
            with cloud.network.outside():
                meanwhile()
            cloud.return_to(place)

    cloud.network.before = before
    with cloud.network.record((number, Manner.LOST)):
        reply = change(user, "a", {"metadata": {"colour": "red"}})
    cloud.network.before = None
    assert (reply.status, reply.code) == (503, "outcome_unknown")
    assert described(user)["metadata"]["colour"] == "blue"


def test_whoever_follows_the_events_learns_of_it(cloud: Cloud, user: User) -> None:
    user.create("a", CONTENT, {**SYNC, **FIRST})
    before = cloud.record(user.account, "photos", "a")
    change(user, "a", {"metadata": {"colour": "red"}})
    after = cloud.record(user.account, "photos", "a")
    assert before is not None
    event = state_change(before, after, cloud.clock.moment())
    assert event is not None
    assert (event["state"], event["previous_state"]) == ("CREATED", "CREATED")
    assert event["version"] == user.stat("a")["version"]
