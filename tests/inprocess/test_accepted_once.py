"""A change is accepted at most once, whatever becomes of the reply to its write.

The write of an acceptance is done and its reply is lost; before its caller looks, a *complete*
other call comes in between: accepted, stored, and what it made obsolete disposed of.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from mcos import staging
from mcos.catalog import objects
from mcos.errors import Conflict, OutcomeUnknown
from mcos.model import lifecycle
from mcos.model.objects import ObjectKey
from mcos.versions.take import unstaged_if_refused
from tests.support.builders import version as a_version
from tests.support.cloud import ASYNC, SYNC, Cloud
from tests.support.gateway import Reply
from tests.support.network import Died, Manner
from tests.support.paths import container_path, object_path

CONTAINER, NAME = "photos", "sea.jpg"
PATH = object_path(CONTAINER, NAME)
MODES = pytest.mark.parametrize("prefer", [SYNC, ASYNC], ids=["sync", "async"])
LOST = pytest.mark.parametrize("manner", [Manner.LOST, Manner.UNKNOWN], ids=["lost", "unknown"])


class User:
    """An account with a container, at a warm entry point."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.account = cloud.new_account()
        self.token = cloud.token(self.account)
        self.call("PUT", b"", {}, container_path(CONTAINER))
        self.call("POST", b"warm", SYNC, object_path(CONTAINER, "another"))

    def call(
        self, method: str, body: bytes, headers: dict[str, str], path: str = PATH, at: str = "s3"
    ) -> Reply:
        return self.cloud.call(at, method, path, headers=headers, body=body, token=self.token)

    def complete(self, method: str, body: bytes = b"") -> None:
        """Make a call at another entry point, and let all that it begins come to its end."""
        assert self.call(method, body, SYNC, at="swift").status in (200, 201, 204)
        self.cloud.pump()


@pytest.fixture
def user(cloud: Cloud) -> User:
    return User(cloud)


def after_the_write(cloud: Cloud, do: Callable[[], object]) -> None:
    """Let ``do`` happen right before the call that follows the first write of the record."""
    written = False

    def before(called: str) -> None:
        nonlocal written
        if written:
            cloud.network.before = None
            with cloud.network.outside():
                do()
        written = called == "dynamodb:PutItem"

    cloud.network.before = before


def number_of_the_write(cloud: Cloud, user: User, method: str, prefer: dict[str, str]) -> int:
    """Which network call of such a call is the write of the record."""
    path = object_path(CONTAINER, "another")
    if method == "POST":
        path = object_path(CONTAINER, "one more")
    with cloud.network.record() as calls:
        user.call(method, b"counted", prefer, path)
    cloud.settle()
    return [call.name for call in calls].index("dynamodb:PutItem")


def check(cloud: Cloud, user: User, *allowed: bytes | None) -> None:
    """All is settled, each message came twice, and the object is whole and one of ``allowed``."""
    cloud.settle()
    cloud.deliver_again()
    cloud.settle()
    read = user.call("GET", b"", {})
    assert (read.body if read.status == 200 else None) in allowed
    cloud.check_storage(user.account)
    assert cloud.staged() == set()


@MODES
@LOST
def test_an_update_never_comes_back_once_it_was_disposed_of(
    cloud: Cloud, user: User, prefer: dict[str, str], manner: Manner
) -> None:
    user.call("POST", b"old", SYNC)
    number = number_of_the_write(cloud, user, "PUT", prefer)
    with cloud.network.record((number, manner)):
        after_the_write(cloud, lambda: user.complete("PUT", b"later"))
        reply = user.call("PUT", b"new", prefer)
    assert (reply.status, reply.code) in ((503, "outcome_unknown"), (409, "superseded"))
    check(cloud, user, b"later")


@MODES
@LOST
def test_a_create_never_comes_back_once_it_was_deleted(
    cloud: Cloud, user: User, prefer: dict[str, str], manner: Manner
) -> None:
    number = number_of_the_write(cloud, user, "POST", prefer)
    with cloud.network.record((number, manner)):
        after_the_write(cloud, lambda: user.complete("DELETE"))
        reply = user.call("POST", b"new", prefer)
    assert (reply.status, reply.code) == (503, "outcome_unknown")
    check(cloud, user, None)


@MODES
@LOST
def test_a_delete_never_takes_what_was_created_after_it(
    cloud: Cloud, user: User, prefer: dict[str, str], manner: Manner
) -> None:
    user.call("POST", b"old", SYNC)
    number = number_of_the_write(cloud, user, "DELETE", prefer)

    def create_again() -> None:
        with cloud.at("s3"):
            cloud.settle()
        user.complete("POST", b"newer")

    with cloud.network.record((number, manner)):
        after_the_write(cloud, create_again)
        reply = user.call("DELETE", b"", prefer)
    assert reply.status in (202, 204, 503)
    check(cloud, user, b"newer")


def test_the_sweeper_deletes_only_the_object_that_it_has_looked_at(
    cloud: Cloud, user: User
) -> None:
    """A create that died without its container is replaced, with one, while it is looked at."""
    path = object_path("elsewhere", NAME)

    def die(called: str) -> None:
        if called == "dynamodb:GetItem":
            raise Died(called)

    cloud.network.before = die
    assert user.call("POST", b"died", SYNC, path).died
    cloud.network.before = None

    def create_in_its_container() -> None:
        assert user.call("PUT", b"", {}, container_path("elsewhere")).status == 201
        assert user.call("PUT", b"acknowledged", ASYNC, path).status == 202

    looked = 0

    def before(called: str) -> None:
        nonlocal looked
        looked += called == "dynamodb:GetItem"
        if looked == 3:  # the record, the container, and the record once more
            cloud.network.before = None
            with cloud.network.outside():
                create_in_its_container()

    cloud.network.before = before
    cloud.sweep()
    cloud.network.before = None
    assert looked == 3
    cloud.settle()
    assert user.call("GET", b"", {}, path).body == b"acknowledged"
    cloud.check_storage(user.account)


@LOST
def test_the_reply_speaks_of_its_own_change_though_another_has_come_since(
    cloud: Cloud, user: User, manner: Manner
) -> None:
    upload = replace(a_version(9), digested=False, md5="", sha256="")

    def take_an_upload() -> None:
        key = ObjectKey(user.account, CONTAINER, NAME)
        objects.change(key, lambda found: lifecycle.accept_update(found, upload, cluster="s3"))

    number = number_of_the_write(cloud, user, "POST", ASYNC)
    with cloud.network.record((number, manner)):
        after_the_write(cloud, take_an_upload)
        reply = user.call("POST", b"mine", ASYNC)
    assert reply.status == 202
    assert (reply.json()["state"], reply.json()["size"]) == ("CREATING", len(b"mine"))
    assert user.call("GET", b"", {}).body == b"mine"


def test_what_may_be_accepted_keeps_its_staged_content(cloud: Cloud) -> None:
    with cloud.at("s3"), cloud.network.outside():
        staged = staging.put("versions/1", b"bytes")
        version = replace(a_version(), staged=staged)
        with pytest.raises(OutcomeUnknown), unstaged_if_refused(version):
            raise OutcomeUnknown("no reply")
        assert cloud.staged() == {"1"}
        with pytest.raises(Conflict), unstaged_if_refused(version):
            raise Conflict("refused")
        assert cloud.staged() == set()
