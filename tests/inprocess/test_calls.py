"""Creates, updates, deletes and listings, as a user of any entry point sees them, in both modes."""

import json
from hashlib import md5

import pytest

from mcos import limits
from mcos.catalog import containers
from tests.support.cloud import ASYNC, CLUSTERS, SYNC, Cloud
from tests.support.environment import ALL_CLUSTERS
from tests.support.gateway import Reply
from tests.support.paths import container_path, object_path, stat_path
from tests.support.uploads import Sender
from tests.support.user import User

LARGE = bytes(range(256)) * 1024


@pytest.mark.parametrize("prefer", [SYNC, ASYNC], ids=["sync", "async"])
@pytest.mark.parametrize("body", [b"", b"hello", LARGE], ids=["empty", "small", "large"])
def test_what_is_created_is_on_three_clusters_and_every_entry_point_gives_it_back(
    cloud: Cloud, user: User, prefer: dict[str, str], body: bytes
) -> None:
    reply = user.create("may/sea.jpg", body, {**prefer, "content-type": "image/jpeg"}, at="ceph")
    assert (reply.status, reply.json()["state"]) == (
        (201, "CREATED") if prefer is SYNC else (202, "CREATING")
    )
    cloud.settle(sweep=False)
    held = cloud.replicas(user.account)
    assert [list(held[cluster].values()) for cluster in CLUSTERS] == [[body]] * 3
    assert cloud.staged() == set()
    for cluster in CLUSTERS:
        found = user.download("may/sea.jpg", at=cluster)
        assert (found.status, found.body) == (200, body)
        assert found.headers["content-type"] == "image/jpeg"
        assert found.headers["x-mcos-state"] == "CREATED"
    stat = user.stat("may/sea.jpg")
    assert [(one["cluster"], one["state"]) for one in stat["replicas"]] == [
        (one["cluster"], "stored") for one in stat["replicas"]
    ]
    assert {one["cluster"] for one in stat["replicas"]} == set(CLUSTERS)


@pytest.mark.parametrize("prefer", [SYNC, ASYNC], ids=["sync", "async"])
def test_an_update_replaces_content_type_and_metadata_and_removes_the_old_replicas(
    cloud: Cloud, user: User, prefer: dict[str, str]
) -> None:
    first = {"content-type": "image/png", "x-object-meta-place": "sea", "x-object-meta-old": "1"}
    user.create("a", b"old", {**SYNC, **first})
    second = {"content-type": "image/jpeg", "x-object-meta-place": "hill"}
    reply = user.update("a", b"new", {**prefer, **second}, at="swift")
    assert (reply.status, reply.json()["state"]) == (
        (200, "CREATED") if prefer is SYNC else (202, "UPDATING")
    )
    cloud.settle(sweep=False)
    cloud.check_storage(user.account)
    found = user.download("a")
    assert (found.body, found.headers["content-type"]) == (b"new", "image/jpeg")
    assert found.headers["x-object-meta-place"] == "hill"
    assert "x-object-meta-old" not in found.headers


@pytest.mark.parametrize("prefer", [SYNC, ASYNC], ids=["sync", "async"])
def test_a_put_creates_what_is_not_there_and_replaces_what_is(
    cloud: Cloud, user: User, prefer: dict[str, str]
) -> None:
    path = object_path("photos", "a") + "?if_missing=create"

    def put(body: bytes, **conditions: str) -> Reply:
        return user.call("PUT", path, body, {**prefer, **conditions})

    expected = [201, 200] if prefer is SYNC else [202, 202]
    replies = [put(b"old"), put(b"new")]
    assert [one.status for one in replies] == expected
    if prefer is ASYNC:
        assert [one.json()["state"] for one in replies] == ["CREATING", "UPDATING"]
    cloud.settle()
    assert user.download("a").body == b"new"
    cloud.check_storage(user.account)
    assert put(b"mine", **{"if-none-match": "*"}).code == "precondition_failed"
    assert put(b"mine", **{"if-match": '"x"'}).code == "precondition_failed"
    user.call("DELETE", object_path("photos", "a"), headers=SYNC)
    assert put(b"mine", **{"if-match": "*"}).code == "precondition_failed"
    assert put(b"first", **{"if-none-match": "*"}).status == expected[0]
    cloud.settle()
    assert user.download("a").body == b"first"


def test_a_put_into_no_container_leaves_nothing(cloud: Cloud, user: User) -> None:
    for prefer in (SYNC, ASYNC):
        path = object_path("none", "a") + "?if_missing=create"
        assert user.call("PUT", path, b"1", prefer).code == "container_not_found"
    cloud.settle()
    cloud.check_storage(user.account)
    assert cloud.staged() == set()


def test_what_is_to_be_done_if_there_is_no_object_has_one_word(user: User) -> None:
    for word in ("update", "CREATE", "1"):
        reply = user.call("PUT", object_path("photos", "a") + f"?if_missing={word}", b"1", SYNC)
        assert (reply.status, reply.code) == (400, "invalid_query")
    assert user.update("a", b"1", SYNC).code == "object_not_found"


@pytest.mark.parametrize("prefer", [SYNC, ASYNC], ids=["sync", "async"])
def test_what_is_deleted_is_gone_at_once_for_readers_and_then_everywhere(
    cloud: Cloud, user: User, prefer: dict[str, str]
) -> None:
    user.create("a", b"old", SYNC)
    reply = user.call("DELETE", object_path("photos", "a"), headers=prefer, at="ceph")
    assert reply.status == (204 if prefer is SYNC else 202)
    for cluster in CLUSTERS:
        assert user.download("a", at=cluster).code == "object_not_found"
    cloud.settle(sweep=False)
    assert cloud.replicas(user.account) == {cluster: {} for cluster in CLUSTERS}
    assert user.call("GET", stat_path("photos", "a")).code == "object_not_found"
    assert user.create("a", b"again", SYNC).status == 201


def test_readers_see_at_every_entry_point_what_was_acknowledged(cloud: Cloud, user: User) -> None:
    user.create("a", b"old", SYNC)
    assert user.update("a", b"new", ASYNC).status == 202
    for cluster in CLUSTERS:
        assert user.download("a", at=cluster).body == b"new"
        assert user.download("a", {"range": "bytes=1-"}, at=cluster).body == b"ew"
    stat = user.stat("a")
    assert stat["state"] == "UPDATING"
    assert stat["etag"] == f'"{md5(b"new").hexdigest()}"'
    assert stat["pending"] == []
    # The old one is kept until the new one is stored.
    assert sorted(map(len, cloud.replicas(user.account).values())) == [1, 1, 1]
    cloud.settle()
    assert user.download("a").body == b"new"
    cloud.check_storage(user.account)


def test_an_object_that_is_only_staged_can_be_read(cloud: Cloud, user: User) -> None:
    user.create("a", b"soon", ASYNC)
    for cluster in CLUSTERS:
        cloud.backends[cluster].refuse()
        assert user.download("a", at=cluster).body == b"soon"
    head = user.call("HEAD", object_path("photos", "a"))
    assert (head.status, head.headers["x-mcos-state"]) == (200, "CREATING")
    assert head.headers["x-mcos-replicas"] == "0/3"


def test_of_two_async_updates_the_later_accepted_one_wins(cloud: Cloud, user: User) -> None:
    user.create("a", b"first", SYNC)
    assert user.update("a", b"second", ASYNC, at="ceph").status == 202
    assert user.update("a", b"third", ASYNC, at="swift").status == 202
    assert cloud.waiting() == {**dict.fromkeys(ALL_CLUSTERS, 0), "swift": 1, "ceph": 1}
    cloud.settle(sweep=False)  # in which swift comes first
    assert user.download("a").body == b"third"
    cloud.check_storage(user.account)


def test_a_sync_update_that_fails_leaves_the_async_one_before_it_on_its_way(
    cloud: Cloud, user: User
) -> None:
    user.create("a", b"first", SYNC)
    assert user.update("a", b"second", ASYNC).status == 202
    cloud.backends["ceph"].refuse("put")
    reply = user.update("a", b"third", SYNC)
    assert (reply.status, reply.code) == (503, "replication_failed")
    assert user.download("a").body == b"second"
    cloud.backends["ceph"].accept()
    cloud.settle()
    assert user.download("a").body == b"second"
    cloud.check_storage(user.account)


@pytest.mark.parametrize("down", CLUSTERS)
def test_a_sync_create_that_cannot_store_all_replicas_fails_and_keeps_nothing(
    cloud: Cloud, user: User, down: str
) -> None:
    cloud.backends[down].refuse("put")
    reply = user.create("a", b"bytes", SYNC)
    assert (reply.status, reply.code) == (503, "replication_failed")
    assert user.call("GET", stat_path("photos", "a")).status == 404
    cloud.backends[down].accept()
    cloud.settle(sweep=False)
    assert cloud.replicas(user.account) == {cluster: {} for cluster in CLUSTERS}
    assert user.create("a", b"bytes", SYNC).status == 201


@pytest.mark.parametrize("down", CLUSTERS)
def test_an_async_create_is_readable_with_two_replicas_and_created_only_with_three(
    cloud: Cloud, user: User, down: str
) -> None:
    cloud.backends[down].refuse()
    assert user.create("a", b"bytes", ASYNC).status == 202
    cloud.run_executions()
    cloud.pump()
    stat = user.stat("a")
    assert stat["state"] == "CREATING"
    assert {one["cluster"]: one["state"] for one in stat["replicas"]} == {
        cluster: "writing" if cluster == down else "stored" for cluster in CLUSTERS
    }
    for cluster in CLUSTERS:
        assert user.download("a", at=cluster).body == b"bytes"
    cloud.backends[down].accept()
    cloud.settle(sweep=False)
    assert user.stat("a")["state"] == "CREATED"
    cloud.check_storage(user.account)


def test_a_write_is_refused_when_too_few_clusters_take_replicas(cloud: Cloud, user: User) -> None:
    user.create("a", b"bytes", SYNC)
    cloud.unregister("ceph")
    for reply in (user.create("b", b"x", ASYNC), user.update("a", b"x", SYNC)):
        assert (reply.status, reply.code) == (503, "not_enough_clusters")
        assert int(reply.headers["retry-after"]) >= 1
    assert user.stat("a")["state"] == "CREATED"
    assert cloud.staged() == set()


def test_a_burst_of_updates_is_taken_whatever_metadata_they_carry(cloud: Cloud, user: User) -> None:
    """The record and an execution's input stay within what their services take."""
    metadata = {f"x-object-meta-{number:02}": "v" * 180 for number in range(22)}
    user.create("a", b"first", SYNC)
    for number in range(30):
        assert user.update("a", f"{number}".encode(), {**ASYNC, **metadata}).status == 202
    record = cloud.record(user.account, "photos", "a")
    assert record is not None
    assert len(json.dumps(record.as_json())) < 16_000
    assert (
        user.update("a", LARGE[: limits.INLINE_CONTENT_BYTES], {**SYNC, **metadata}).status == 200
    )
    cloud.settle()
    cloud.check_storage(user.account)
    assert cloud.staged() == set()


def test_a_container_is_made_once_listed_and_deleted_when_empty(user: User) -> None:
    assert user.call("PUT", container_path("photos")).status == 200
    assert user.call("PUT", container_path("letters")).status == 201
    names = [one["name"] for one in user.call("GET", "/v1/containers").json()["containers"]]
    assert names == ["letters", "photos"]
    user.create("a", b"x", SYNC)
    full = user.call("DELETE", container_path("photos"))
    assert (full.status, full.code) == (409, "container_not_empty")
    assert user.call("DELETE", container_path("letters")).status == 204
    assert user.call("DELETE", container_path("letters")).code == "container_not_found"
    assert user.download("a").body == b"x"


def test_nothing_is_found_or_made_in_a_container_that_is_not_there(
    cloud: Cloud, user: User
) -> None:
    for prefer in (SYNC, ASYNC):
        reply = user.call("POST", object_path("nowhere", "a"), b"x", prefer)
        assert (reply.status, reply.code) == (404, "container_not_found")
        assert user.call("PUT", object_path("nowhere", "a"), b"x", prefer).status == 404
    assert user.call("GET", f"{container_path('nowhere')}/objects").code == "container_not_found"
    assert user.call("GET", object_path("nowhere", "a")).status == 404
    assert cloud.records(user.account) == []
    assert cloud.staged() == set()


def test_a_listing_shows_every_object_with_its_state(cloud: Cloud, user: User) -> None:
    user.create("a/1", b"x", SYNC)
    user.create("a/2", b"xy", ASYNC)
    user.create("b", b"xyz", SYNC)
    user.update("b", b"wxyz", ASYNC)
    listed = user.call("GET", f"{container_path('photos')}/objects").json()
    assert [(one["name"], one["size"], one["state"]) for one in listed["objects"]] == [
        ("a/1", 1, "CREATED"),
        ("a/2", 2, "CREATING"),
        ("b", 4, "UPDATING"),
    ]
    folded = user.call("GET", f"{container_path('photos')}/objects?delimiter=/").json()
    assert folded["common_prefixes"] == ["a/"]
    assert [one["name"] for one in folded["objects"]] == ["b"]
    assert folded["next_marker"] is None
    cloud.settle()


def test_a_name_whose_deletion_is_still_under_way_is_free_for_conditional_creates(
    cloud: Cloud, user: User
) -> None:
    anew = {"if-none-match": "*"}
    path = object_path("photos", "a")
    etag = user.create("a", b"one", SYNC).headers["etag"]
    sender = Sender(user)
    wanted = {"container": "photos", "object": "b", "action": "create", "size": 8}
    upload = sender.ask("POST", "", wanted, **anew).json()
    sender.send(upload, b"uploaded")
    user.create("b", b"one", SYNC)
    for name in ("a", "b"):
        assert user.call("DELETE", object_path("photos", name), headers=ASYNC).status == 202
    assert user.create("a", b"two", {**SYNC, "if-match": etag}).status == 412
    assert user.create("a", b"two", {**SYNC, **anew}).status == 201
    assert sender.complete(upload).status == 202
    cloud.settle()
    assert user.call("GET", path).body == b"two"
    assert user.download("b").body == b"uploaded"
    cloud.check_storage(user.account)


def test_an_update_whose_container_cannot_be_checked_loses_nothing(
    cloud: Cloud, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others keep marking the container for deletion; what was acknowledged before stays."""
    assert user.create("a", b"acknowledged", ASYNC).status == 202
    monkeypatch.setattr(containers, "_TRIES", 0)
    reply = user.update("a", b"new", ASYNC)
    monkeypatch.undo()
    assert (reply.status, reply.code) == (409, "conflict")
    cloud.settle()
    assert user.download("a").body == b"acknowledged"
    cloud.check_storage(user.account)


def test_a_create_whose_container_cannot_be_checked_is_not_taken_back(
    cloud: Cloud, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "_TRIES", 0)
    reply = user.create("a", b"new", ASYNC)
    monkeypatch.undo()
    assert (reply.status, reply.code) == (503, "outcome_unknown")
    cloud.settle()
    assert user.download("a").body == b"new"
    cloud.check_storage(user.account)
