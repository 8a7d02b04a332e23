"""No account has more than its quota for long, and none is kept from its own by another one."""

from typing import Any

import pytest

from mcos import limits
from mcos.catalog import accounts
from mcos.model.quotas import Amount
from tests.support.cloud import ASYNC, SYNC, Cloud
from tests.support.paths import object_path
from tests.support.scrubbing import check_health
from tests.support.uploads import Sender
from tests.support.user import User

CONTENT = b"0123456789"
HOUR = 3600
LATE = limits.REGISTRY_AGE_SECONDS + 1


@pytest.fixture
def known(cloud: Cloud) -> Cloud:
    """Every backend is marked, and the deployment has an id."""
    check_health(cloud)
    return cloud


def new_user(cloud: Cloud, **quota: float) -> User:
    """A user of an account with a quota of its own, which functions know."""
    user = User(cloud)
    with cloud.network.outside():
        assert accounts.create(user.account, "-", quota=quota)
    counted(cloud)
    return user


def counted(cloud: Cloud) -> None:
    """Let what the streams have be counted, and functions read of it."""
    cloud.journal()
    cloud.clock.advance(LATE)


def used(cloud: Cloud, user: User) -> Amount:
    """What a user is told that the account uses."""
    reply = user.call("GET", "/v1/account")
    assert reply.status == 200
    return Amount(**reply.json()["used"])


def refused(reply: Any) -> tuple[str, int]:
    """Of which quota there was too little, and how much was left."""
    assert (reply.status, reply.json()["code"]) == (403, "quota_exceeded")
    return reply.json()["quota"], reply.json()["left"]


def test_usage_and_quota_are_shown_to_the_account_itself(known: Cloud) -> None:
    user = new_user(known, bytes=1000)
    assert user.create("a", CONTENT, SYNC).status == 201
    assert user.create("b", CONTENT, ASYNC).status == 202
    known.settle()
    counted(known)
    told = user.call("GET", "/v1/account").json()
    assert told == {
        "used": {"bytes": 20, "objects": 2, "uploads": 0},
        "quota": {"bytes": 1000, "objects": None, "uploads": None, "writes_per_second": None},
    }


def test_what_has_no_room_is_refused_before_anything_is_changed(known: Cloud) -> None:
    user = new_user(known, bytes=25)
    for name in ("a", "b"):
        assert user.create(name, CONTENT, SYNC).status == 201
    counted(known)
    staged = known.staged()
    with known.network.record() as calls:
        assert refused(user.create("c", CONTENT, ASYNC)) == ("bytes", 5)
    assert {call.name.partition(":")[2] for call in calls} <= {"Scan", "GetSecretValue"}
    assert known.staged() == staged
    assert user.create("c", b"12345", SYNC).status == 201


def test_what_shrinks_and_what_only_reads_or_deletes_is_never_refused(known: Cloud) -> None:
    user = new_user(known, bytes=20, objects=2)
    for name in ("a", "b"):
        assert user.create(name, CONTENT, SYNC).status == 201
    counted(known)
    assert refused(user.update("a", CONTENT + b"!", SYNC)) == ("bytes", 0)
    assert refused(user.create("c", b"", SYNC)) == ("objects", 0)
    put = user.call("PUT", object_path("photos", "c") + "?if_missing=create", b"", SYNC)
    assert refused(put) == ("objects", 0)
    assert user.update("a", CONTENT[::-1], SYNC).status == 200
    assert user.update("a", CONTENT[1:], ASYNC).status == 202
    assert user.download("a").body == CONTENT[1:]
    assert user.call("DELETE", object_path("photos", "b")).status in (202, 204)
    known.settle()
    counted(known)
    assert user.create("c", CONTENT, SYNC).status == 201


def test_what_was_deleted_counts_until_it_is_removed(known: Cloud) -> None:
    known.grant(24 * HOUR)
    user = new_user(known, bytes=10)
    assert user.create("a", CONTENT, SYNC).status == 201
    assert user.call("DELETE", object_path("photos", "a"), headers=SYNC).status == 204
    known.settle()
    counted(known)
    assert used(known, user) == (10, 1, 0)
    assert refused(user.create("b", b"1", SYNC)) == ("bytes", 0)
    known.clock.advance(25 * HOUR)
    user.token = known.token(user.account)
    check_health(known)
    known.sweep()
    known.settle()
    counted(known)
    assert used(known, user) == (0, 0, 0)
    assert user.create("b", b"1", SYNC).status == 201


def test_an_upload_under_way_has_its_room_and_is_one_of_so_many(known: Cloud) -> None:
    user = new_user(known, bytes=100, uploads=2)
    sender = Sender(user)
    first = sender.begin("a", b"x" * 60)
    with known.network.outside():
        known.journal()  # what is read beside the container is no half minute late
    assert refused(sender.ask("POST", "", wanted("b", 41))) == ("bytes", 40)
    second = sender.begin("b", b"x" * 40)
    known.journal()
    assert refused(sender.ask("POST", "", wanted("c", 0))) == ("uploads", 0)
    assert used(known, user) == (100, 0, 2)
    sender.send(first, b"x" * 60)
    assert sender.complete(first).status == 202
    assert sender.ask("DELETE", f"/{second['upload']}").status == 204
    known.settle()
    counted(known)
    assert used(known, user) == (60, 1, 0)


def wanted(name: str, size: int | None) -> dict[str, Any]:
    """What is asked for to begin an upload."""
    given = {"container": "photos", "object": name, "action": "put"}
    return given if size is None else {**given, "size": size}


@pytest.mark.usefixtures("small_parts")
def test_an_upload_of_unknown_size_is_refused_when_it_is_complete(known: Cloud) -> None:
    user = new_user(known, bytes=2000)
    sender = Sender(user)
    upload = sender.ask("POST", "", wanted("a", None)).json()
    sender.send({**upload, "parts": upload["parts"][:3]}, b"x" * 2500)
    assert refused(sender.complete(upload)) == ("bytes", 2000)
    known.settle()
    assert user.stat("a")["code"] == "object_not_found"
    fits = sender.ask("POST", "", wanted("b", None)).json()
    sender.send({**fits, "parts": fits["parts"][:2]}, b"x" * 2000)
    assert sender.complete(fits).status == 202


def test_what_others_drop_is_refused_where_refusals_go(known: Cloud) -> None:
    user = new_user(known, bytes=15)
    key = f"incoming/{user.account}/photos/dropped"
    drops = (("a", CONTENT), ("b", CONTENT[1:]), ("b", CONTENT), ("a", CONTENT[1:]))
    for name, content in drops:
        assert known.ingest("s3", known.put_into_staging("s3", f"{key}-{name}", content)) == []
        known.settle()
        counted(known)
    codes = [code for code, _ in known.refused("s3")]
    assert codes == ["quota_exceeded", "quota_exceeded"]
    assert used(known, user) == (9, 1, 0)
