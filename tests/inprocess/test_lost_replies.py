"""A write was done, its reply is lost, and others write before the driver tries again."""

from collections.abc import Callable

import pytest

from mcos.catalog import objects
from mcos.model.lifecycle import touch
from mcos.model.objects import ObjectKey
from tests.support.cloud import ASYNC, SYNC, Cloud
from tests.support.gateway import Reply
from tests.support.network import Died, Manner
from tests.support.paths import container_path, object_path

CONTAINER, NAME = "photos", "sea.jpg"
PATH = object_path(CONTAINER, NAME)


class User:
    """An account with a container, at a warm entry point."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.account = cloud.new_account()
        self.token = cloud.token(self.account)
        self.call("PUT", b"", {}, container_path(CONTAINER))
        self.call("POST", b"warm", SYNC, object_path(CONTAINER, "another"))

    def call(self, method: str, body: bytes, headers: dict[str, str], path: str = PATH) -> Reply:
        return self.cloud.call("s3", method, path, headers=headers, body=body, token=self.token)

    def look_at_it(self) -> None:
        """What the sweeper does first: the record gets a new revision."""
        objects.change(ObjectKey(self.account, CONTAINER, NAME), touch)


@pytest.fixture
def user(cloud: Cloud) -> User:
    return User(cloud)


def between(cloud: Cloud, name: str, times: int, do: Callable[[], object]) -> None:
    """Let ``do`` happen just before the call of that name is made for that time."""
    made = 0

    def before(called: str) -> None:
        nonlocal made
        made += called == name
        if made == times:
            cloud.network.before = None
            with cloud.network.outside():
                do()

    cloud.network.before = before


@pytest.mark.parametrize("prefer", [SYNC, ASYNC], ids=["sync", "async"])
@pytest.mark.parametrize("condition", [{}, {"if-none-match": "*"}], ids=["", "if-none-match"])
def test_a_create_is_known_again(
    cloud: Cloud, user: User, prefer: dict[str, str], condition: dict[str, str]
) -> None:
    first_write = 0 if prefer is SYNC else 1
    with cloud.network.record((first_write, Manner.LOST)):
        between(cloud, "dynamodb:PutItem", 2, user.look_at_it)
        reply = user.call("POST", b"new", {**prefer, **condition})
    assert reply.status in (201, 202), reply
    cloud.settle()
    assert user.call("GET", b"", {}).body == b"new"
    cloud.check_storage(user.account)


@pytest.mark.parametrize("prefer", [SYNC, ASYNC], ids=["sync", "async"])
@pytest.mark.parametrize("guarded", [False, True], ids=["", "if-match"])
def test_an_update_is_known_again(
    cloud: Cloud, user: User, prefer: dict[str, str], guarded: bool
) -> None:
    etag = user.call("POST", b"old", SYNC).headers["etag"]
    condition = {"if-match": etag} if guarded else {}
    write = 1 if prefer is SYNC else 2
    with cloud.network.record((write, Manner.LOST)):
        between(cloud, "dynamodb:PutItem", 2, user.look_at_it)
        reply = user.call("PUT", b"new", {**prefer, **condition})
    assert reply.status in (200, 202), reply
    cloud.settle()
    assert user.call("GET", b"", {}).body == b"new"
    cloud.check_storage(user.account)


def test_an_update_that_was_superseded_meanwhile_is_told_so_and_costs_nobody_anything(
    cloud: Cloud, user: User
) -> None:
    user.call("POST", b"old", SYNC)
    with cloud.network.record((2, Manner.LOST)):
        between(cloud, "dynamodb:PutItem", 2, lambda: user.call("PUT", b"later", ASYNC))
        reply = user.call("PUT", b"new", ASYNC)
    assert reply.status in (202, 409), reply
    cloud.settle()
    assert user.call("GET", b"", {}).body == b"later"
    cloud.check_storage(user.account)
    assert cloud.staged() == set()


@pytest.mark.parametrize("prefer", [SYNC, ASYNC], ids=["sync", "async"])
def test_a_delete_is_known_again(cloud: Cloud, user: User, prefer: dict[str, str]) -> None:
    etag = user.call("POST", b"old", SYNC).headers["etag"]
    with cloud.network.record((1, Manner.LOST)):
        between(cloud, "dynamodb:PutItem", 2, user.look_at_it)
        reply = user.call("DELETE", b"", {**prefer, "if-match": etag})
    assert reply.status in (202, 204), reply
    cloud.settle()
    assert user.call("GET", b"", {}).status == 404
    cloud.check_storage(user.account)


def test_a_reply_describes_the_version_that_was_sent_whatever_came_later(
    cloud: Cloud, user: User
) -> None:
    """So many updates that what they made obsolete is disposed of on the way."""
    user.call("POST", b"first", SYNC)
    for number in range(12):
        content = f"number {number}".encode()
        between(cloud, "sqs:SendMessage", 1, lambda: user.call("PUT", b"of another", ASYNC))
        reply = user.call("PUT", content, ASYNC)
        assert (reply.status, reply.json()["size"]) == (202, len(content))
    cloud.network.before = None
    cloud.settle()
    cloud.check_storage(user.account)


def test_what_becomes_obsolete_while_something_else_is_disposed_of_is_disposed_of_too(
    cloud: Cloud, user: User
) -> None:
    user.call("POST", b"first", SYNC)
    user.call("PUT", b"second", ASYNC)

    def two_more() -> None:
        user.call("PUT", b"third, superseded at once", ASYNC)
        cloud.cut_executions()  # it would tidy up after itself
        user.call("PUT", b"fourth", ASYNC)

    between(cloud, "sqs:SendMessage", 1, two_more)
    cloud.settle()
    assert user.call("GET", b"", {}).body == b"fourth"
    cloud.check_storage(user.account)
    assert cloud.staged() == set()


def test_nothing_stays_staged_for_a_create_that_died_in_a_container_that_is_not_there(
    cloud: Cloud, user: User
) -> None:
    path = object_path("nowhere", NAME)

    def die(called: str) -> None:
        if called == "dynamodb:GetItem":
            raise Died(called)

    cloud.network.before = die
    assert user.call("POST", b"new", ASYNC, path).died
    cloud.network.before = None
    assert user.call("PUT", b"newer", ASYNC, path).code == "container_not_found"
    for _ in range(2):  # what was acknowledged looks the same, so it is given days
        cloud.sweep()
        cloud.clock.advance(4 * 24 * 3600)
    cloud.settle()
    assert cloud.record(user.account, "nowhere", NAME) is None
    assert cloud.staged() == set()
