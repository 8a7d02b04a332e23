"""A region that reaches no other: no strong reads and no writes, only eventually consistent reads.

What is refused here is what DynamoDB's documentation says of a global table that is strongly
consistent in several regions; with which error, only a real one can tell.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from botocore.awsrequest import AWSPreparedRequest

from tests.support.cloud import ASYNC, SYNC, Cloud
from tests.support.gateway import Reply
from tests.support.paths import container_path, object_path, placement_path, stat_path
from tests.support.user import User

NAME = "may/sea.jpg"
CONSISTENCY = "x-mcos-consistency"
READS = {"GetItem", "Query", "Scan", "BatchGetItem"}


@contextmanager
def alone(cloud: Cloud) -> Iterator[None]:
    """Let the catalog refuse what needs another region."""

    def refuse(request: AWSPreparedRequest) -> tuple[int, dict[str, str], bytes] | None:
        operation = str(request.headers["X-Amz-Target"]).rpartition(".")[2].rstrip("'")
        if operation in READS and not json.loads(request.body).get("ConsistentRead"):
            return None
        return 500, {}, json.dumps({"__type": "InternalServerError"}).encode()

    cloud.network.refusals["dynamodb"] = refuse
    try:
        yield
    finally:
        del cloud.network.refusals["dynamodb"]


@pytest.fixture
def stored(user: User) -> User:
    """A user with one object, at functions that have not read anything yet."""
    assert user.create(NAME, b"sea", SYNC).status == 201
    user.cloud.chill()
    return user


def reads(user: User) -> dict[str, Reply]:
    return {
        "list_container": user.call("GET", "/v1/containers"),
        "list_object": user.call("GET", f"{container_path('photos')}/objects"),
        "stat_object": user.call("GET", stat_path("photos", NAME)),
        "head_object": user.call("HEAD", object_path("photos", NAME)),
        "download_object": user.download(NAME),
        "locate_object": user.call("GET", placement_path("photos", NAME)),
    }


def test_reads_go_on_and_say_that_they_may_be_old(stored: User) -> None:
    with alone(stored.cloud):
        found = reads(stored)
    assert {name: reply.status for name, reply in found.items()} == dict.fromkeys(found, 200)
    assert {reply.headers.get(CONSISTENCY) for reply in found.values()} == {"eventual"}
    assert found["download_object"].body == b"sea"


def test_what_is_not_found_may_be_there_elsewhere(stored: User) -> None:
    """A 404 would say of what was acknowledged a moment ago that there is none."""
    with alone(stored.cloud):
        reply = stored.download("other")
    assert (reply.status, reply.code) == (503, "catalog_unavailable")


def test_no_reply_says_so_otherwise(stored: User) -> None:
    assert not [one for one in reads(stored).values() if CONSISTENCY in one.headers]


@pytest.mark.parametrize("prefer", [ASYNC, SYNC], ids=["async", "sync"])
def test_changes_are_refused(stored: User, prefer: dict[str, str]) -> None:
    with alone(stored.cloud):
        replies = {
            "create_object": stored.create("new", b"new", prefer),
            "update_object": stored.update(NAME, b"changed", prefer),
            "delete_object": stored.call("DELETE", object_path("photos", NAME)),
            "create_container": stored.call("PUT", container_path("more")),
            "delete_container": stored.call("DELETE", container_path("photos")),
            "begin_upload": stored.call(
                "POST",
                "/v1/uploads",
                b'{"container": "photos", "object": "new", "action": "create"}',
                {"content-type": "application/json"},
            ),
        }
    codes = {"catalog_unavailable", "outcome_unknown"}
    assert {name: reply.status for name, reply in replies.items()} == dict.fromkeys(replies, 503)
    assert {reply.code for reply in replies.values()} <= codes
    # Nothing was sent that could have changed anything: who reads first is told that.
    assert replies["update_object"].code == replies["delete_object"].code == "catalog_unavailable"
    # A write without a reply may have been done.
    assert replies["create_container"].code == "outcome_unknown"
    for reply in replies.values():
        assert ("retry-after" in reply.headers) == (reply.code == "catalog_unavailable")
    assert stored.download(NAME).body == b"sea"
    assert stored.download("new").status == 404


def test_health_tells_the_cluster_and_the_release_without_a_token(cloud: Cloud) -> None:
    reply = cloud.call("swift", "GET", "/v1/health")
    assert (reply.status, reply.json()) == (
        200,
        {"cluster": "swift", "release": "0.1.0+000000000000"},
    )


def test_health_is_503_without_strong_reads(cloud: Cloud) -> None:
    with alone(cloud):
        reply = cloud.call("swift", "GET", "/v1/health")
    assert (reply.status, reply.code) == (503, "catalog_unavailable")


def test_health_is_one_network_call(cloud: Cloud) -> None:
    with cloud.network.record() as calls:
        cloud.call("s3", "GET", "/v1/health")
    assert [call.name for call in calls] == ["dynamodb:GetItem"]
