"""An account at its quota, on the running clouds: what it is answered, and who is beside it.

``tests/inprocess/test_quotas.py`` has the rules. Here usage comes by the tables' real streams, each
process of a function knows by itself, and the functions' roles are enforced.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import httpx
import pytest
from botocore.config import Config
from localstack_client.session import Session

from mcos import limits
from tests.functional.conftest import Account, AccountFactory
from tests.support.paths import container_path, object_path, stat_path
from tests.support.waiting import wait_until
from tests.support.wire import ASYNC, SYNC, Wire, code_of

CLUSTERS = ("s3", "swift", "ceph")
CONTENT = b"0123456789"
SECONDS = limits.REGISTRY_AGE_SECONDS + 120
"""How late a function may know, and what a busy machine may add."""

CLUSTER = "s3"
STAGING = f"mcos-{CLUSTER}-staging-000000000000"

Wires = dict[str, Wire]
NewUser = Callable[..., "User"]


class User:
    """An account with a container ``photos``, at all entry points."""

    def __init__(self, account: Account, wires: Wires) -> None:
        self.name = account.user_name
        self._wires = wires
        assert self.ask("PUT", container_path("photos")).status_code == 201

    def ask(
        self,
        method: str,
        path: str,
        content: bytes = b"",
        headers: dict[str, str] | None = None,
        at: str = "s3",
    ) -> httpx.Response:
        return self._wires[at].send(method, path, headers=headers, content=content or None)

    def create(self, name: str, content: bytes, at: str = "s3") -> httpx.Response:
        return self.ask("POST", object_path("photos", name), content, SYNC, at)

    def update(self, name: str, content: bytes, at: str = "s3") -> httpx.Response:
        return self.ask("PUT", object_path("photos", name), content, SYNC, at)

    def begin(self, name: str, size: int, at: str = "s3") -> httpx.Response:
        wanted = {"container": "photos", "object": name, "action": "put", "size": size}
        return self._wires[at].send_json("POST", "/v1/uploads", wanted)

    def used(self) -> Any:
        return self.ask("GET", "/v1/account").json()["used"]


@pytest.fixture(scope="module")
def new_user(new_account: AccountFactory, admin: Wire) -> Iterator[NewUser]:
    """Makes a user with a quota of its own."""
    with ExitStack() as stack:

        def make(**quota: float) -> User:
            account = new_account()
            path = f"/v1/admin/accounts/{account.user_name}"
            assert admin.send_json("PATCH", path, {"quota": quota}).status_code == 200
            wires = {name: account.wire(name) for name in CLUSTERS}
            for wire in wires.values():
                stack.callback(wire.close)
            return User(account, wires)

        yield make


@pytest.fixture(scope="module")
def full(new_user: NewUser) -> User:
    """Has two objects of ten bytes, and no room for more."""
    user = new_user(bytes=20, objects=2)
    for name in ("kept", "other"):
        assert user.create(name, CONTENT).status_code == 201
    wait_until(lambda: user.used()["bytes"] == 20, "all is counted", seconds=SECONDS)
    assert user.used() == {"bytes": 20, "objects": 2, "uploads": 0}
    return user


def refused(call: Callable[[], httpx.Response]) -> Any:
    """Make a call until it is refused, as each process of a function learns by itself."""
    replies: list[httpx.Response] = []

    def is_refused() -> bool:
        replies.append(call())
        return replies[-1].status_code == 403

    wait_until(is_refused, "it is refused", seconds=SECONDS)
    assert code_of(replies[-1]) == "quota_exceeded"
    return replies[-1].json()["quota"]


@pytest.mark.parametrize("at", CLUSTERS)
def test_who_has_no_room_left_is_refused_at_every_entry_point(full: User, at: str) -> None:
    # Until it is refused there, it is answered that the object exists: nothing changes.
    assert refused(lambda: full.create("kept", b"1", at)) == "bytes"
    assert refused(lambda: full.create("kept", b"", at)) == "objects"
    assert refused(lambda: full.update("kept", CONTENT + b"1", at)) == "bytes"
    assert refused(lambda: full.begin("large", 5_000_000, at)) == "bytes"


def test_what_makes_no_more_is_taken_and_reads_go_on(full: User) -> None:
    for at in CLUSTERS:
        assert full.update("kept", CONTENT[::-1], at).status_code == 200
        assert full.ask("GET", object_path("photos", "kept"), at=at).content == CONTENT[::-1]
        assert full.ask("GET", stat_path("photos", "kept"), at=at).json()["size"] == 10
        assert full.ask("GET", f"{container_path('photos')}/objects", at=at).status_code == 200


def test_another_account_beside_it_is_served(full: User, new_user: NewUser) -> None:
    other = new_user()
    for at in CLUSTERS:
        assert refused(lambda at=at: full.create("kept", b"1", at)) == "bytes"  # type: ignore[misc]
        assert other.create(f"a-{at}", CONTENT, at).status_code == 201
        assert other.update(f"a-{at}", CONTENT * 2, at).status_code == 200
        upload = other.begin(f"b-{at}", 5_000_000, at)
        assert upload.status_code == 201
        assert other.ask("DELETE", f"/v1/uploads/{upload.json()['upload']}").status_code == 204


def test_what_others_drop_or_send_for_it_is_refused_with_the_reason(
    full: User, emulator: Session
) -> None:
    config = Config(connect_timeout=5, read_timeout=30, s3={"addressing_style": "path"})
    s3, sqs = emulator.client("s3", config=config), emulator.client("sqs", config=config)

    def url(queue: str) -> str:
        found: str = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        return found

    names = [f"{how}-{uuid4().hex[:12]}" for how in ("dropped", "sent")]
    dropped, sent = f"incoming/{full.name}/photos/{names[0]}", f"inbound/{full.name}/{names[1]}"
    s3.put_object(Bucket=STAGING, Key=dropped, Body=CONTENT)
    s3.put_object(Bucket=STAGING, Key=sent, Body=CONTENT)
    message = {"account": full.name, "container": "photos", "object": "sent", "staging_key": sent}
    dead = url(f"mcos-{CLUSTER}-inbound-dlq")
    sqs.send_message(QueueUrl=url(f"mcos-{CLUSTER}-inbound"), MessageBody=json.dumps(message))
    codes: dict[str, str] = {}

    def all_are_refused() -> bool:
        reply = sqs.receive_message(
            QueueUrl=dead, MaxNumberOfMessages=10, MessageAttributeNames=["All"], WaitTimeSeconds=1
        )
        for one in reply.get("Messages", []):
            for name in names:
                if name in one["Body"]:
                    codes[name] = one["MessageAttributes"]["code"]["StringValue"]
                    sqs.delete_message(QueueUrl=dead, ReceiptHandle=one["ReceiptHandle"])
        return len(codes) == 2

    wait_until(all_are_refused, "both are dead letters", seconds=SECONDS)
    assert set(codes.values()) == {"quota_exceeded"}
    assert full.ask("GET", stat_path("photos", "sent")).status_code == 404
    for key in (dropped, sent):
        s3.delete_object(Bucket=STAGING, Key=key)


@pytest.mark.long
def test_uploads_under_way_are_counted_and_make_room_when_they_end(new_user: NewUser) -> None:
    user = new_user(uploads=1)
    first = user.begin("a", 5_000_000).json()["upload"]
    more: list[str] = []

    def begin() -> httpx.Response:
        """Those that are begun before the first is counted go again."""
        reply = user.begin("b", 5_000_000, "swift")
        if reply.status_code == 201:
            more.append(reply.json()["upload"])
        return reply

    assert refused(begin) == "uploads"
    for upload in (first, *more):
        assert user.ask("DELETE", f"/v1/uploads/{upload}").status_code == 204
    wait_until(lambda: begin().status_code == 201, "there is room again", seconds=SECONDS)


@pytest.mark.long
def test_who_writes_too_fast_is_told_when_it_may_again(new_user: NewUser) -> None:
    rate = 0.5
    user = new_user(writes_per_second=rate)
    assert user.create("kept", CONTENT).status_code == 201
    for number in range(int(limits.QUOTA_WRITE_SECONDS * rate) + 20):
        path = object_path("photos", f"{number}")
        assert user.ask("POST", path, CONTENT, ASYNC).status_code in (202, 429)
    seen: list[httpx.Response] = []

    def is_refused() -> bool:
        # An object that exists is not created: nothing is owed for it.
        seen.append(user.create("kept", CONTENT))
        return seen[-1].status_code == 429

    wait_until(is_refused, "it is refused", seconds=SECONDS)
    assert code_of(seen[-1]) == "too_many_requests"
    assert 0 < int(seen[-1].headers["retry-after"]) <= 60
    assert user.ask("GET", object_path("photos", "kept")).content == CONTENT
    assert user.ask("DELETE", object_path("photos", "kept"), headers=SYNC).status_code == 204
    wait_until(
        lambda: user.create("kept", CONTENT).status_code == 201,
        "it may write again",
        seconds=SECONDS,
    )


def test_deletes_go_on_and_make_room(full: User) -> None:
    """The last of this account: it has room afterwards."""
    reply = full.ask("DELETE", object_path("photos", "other"), headers=SYNC)
    assert reply.status_code == 204
    wait_until(
        lambda: full.create("again", CONTENT[:5]).status_code == 201,
        "there is room again",
        seconds=SECONDS,
    )
