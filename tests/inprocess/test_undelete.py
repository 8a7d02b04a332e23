"""What a user deletes waits for a grace, can be taken back, and is removed when it is due."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from mcos.catalog import accounts
from mcos.model.accounts import Role
from mcos.model.deleted import DeletedState
from mcos.model.objects import State
from tests.support.cloud import ASYNC, SYNC, Cloud
from tests.support.gateway import Reply
from tests.support.network import Manner, NetworkCall
from tests.support.paths import container_path, object_path, stat_path, undelete_path
from tests.support.scrubbing import check_health
from tests.support.user import User

HOUR = 3600
CONTENT = b"bytes that somebody will miss"
PATH = object_path("photos", "sea.jpg")


@pytest.fixture
def patient(cloud: Cloud) -> Cloud:
    """A cloud that keeps for a day what users delete."""
    cloud.grant(24 * HOUR)
    return cloud


def listed(user: User, query: str = "", container: str = "photos") -> list[dict[str, Any]]:
    reply = user.call("GET", f"{container_path(container)}/deleted{query}")
    assert reply.status == 200, reply
    found: list[dict[str, Any]] = reply.json()["deleted"]
    return found


def undelete(user: User, name: str = "sea.jpg", *, version: str = "", at: str = "swift") -> Reply:
    query = f"?version={version}" if version else ""
    path = undelete_path("photos", name) + query
    return user.call("POST", path, at=at)


def delete(user: User, name: str = "sea.jpg") -> None:
    assert user.call("DELETE", object_path("photos", name), headers=SYNC).status == 204


def code(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.json()["code"]


def pass_time(user: User, seconds: int) -> None:
    """Let time pass, and the sweepers look at what is due then."""
    user.cloud.clock.advance(seconds)
    user.cloud.sweep()
    user.cloud.settle()
    user.token = user.cloud.token(user.account)


def test_what_was_deleted_is_hidden_and_comes_back_as_it_was(patient: Cloud, user: User) -> None:
    kind = {"content-type": "image/jpeg", "x-object-meta-place": "Sylt"}
    assert user.create("sea.jpg", CONTENT, {**SYNC, **kind}).status == 201
    before = user.call("GET", stat_path("photos", "sea.jpg")).json()
    delete(user)
    assert user.download("sea.jpg").status == 404
    assert user.call("GET", f"{container_path('photos')}/objects").json()["objects"] == []
    (shown,) = listed(user)
    assert shown["name"] == "sea.jpg"
    assert (shown["version"], shown["etag"]) == (before["version"], before["etag"])
    assert shown["removed_after"] > shown["deleted_at"]
    patient.settle()
    patient.check_storage(user.account)
    reply = undelete(user)
    assert reply.status == 200
    after = reply.json()
    assert after == before
    found = user.download("sea.jpg")
    assert (found.body, found.headers["x-object-meta-place"]) == (CONTENT, "Sylt")
    assert listed(user) == []
    assert undelete(user).json() == before, "it may be repeated"
    patient.settle()
    patient.check_storage(user.account)
    pass_time(user, 25 * HOUR)
    pass_time(user, HOUR)
    assert user.download("sea.jpg").body == CONTENT
    assert patient.deleted(user.account) == []


def test_a_container_of_deleted_objects_can_be_deleted_and_made_again(
    patient: Cloud, user: User
) -> None:
    user.create("sea.jpg", CONTENT, SYNC)
    delete(user)
    assert user.call("DELETE", container_path("photos")).status == 204
    assert code(undelete(user)) == (404, "container_not_found")
    assert user.call("GET", f"{container_path('photos')}/deleted").status == 404
    assert user.call("PUT", container_path("photos")).status == 201
    assert undelete(user).status == 200
    assert user.download("sea.jpg").body == CONTENT
    patient.settle()
    patient.check_storage(user.account)


def test_the_name_is_free_at_once_and_each_version_can_be_taken_back(
    patient: Cloud, user: User
) -> None:
    for content in (b"first", b"second"):
        assert user.create("sea.jpg", content, SYNC).status == 201
        delete(user)
    assert user.create("sea.jpg", b"third", SYNC).status == 201
    assert code(undelete(user)) == (409, "object_exists")
    first, second = (one["version"] for one in listed(user))
    delete(user)
    assert undelete(user, version=first).json()["version"] == first
    assert user.download("sea.jpg").body == b"first"
    delete(user)
    assert undelete(user).status == 200
    assert user.download("sea.jpg").body == b"third"
    assert [one["version"] for one in listed(user)] == [first, second]
    patient.settle()
    patient.check_storage(user.account)


def test_a_version_can_be_deleted_and_taken_back_again_and_again(
    patient: Cloud, user: User
) -> None:
    user.create("sea.jpg", CONTENT, SYNC)
    for _ in range(3):
        delete(user)
        assert len(listed(user)) == 1
        assert undelete(user).status == 200
        patient.settle()
        patient.check_storage(user.account)
    pass_time(user, 2 * HOUR)
    assert user.download("sea.jpg").body == CONTENT
    user.update("sea.jpg", b"other", SYNC)
    patient.settle()
    patient.check_storage(user.account)
    assert patient.deleted(user.account) == []


def test_what_is_due_is_removed_and_forgotten(patient: Cloud, user: User) -> None:
    user.create("sea.jpg", CONTENT, SYNC)
    delete(user)
    (shown,) = listed(user)
    pass_time(user, 23 * HOUR)
    assert len(listed(user)) == 1
    pass_time(user, HOUR)
    assert listed(user) == []
    assert code(undelete(user)) == (404, "object_not_found")
    assert code(undelete(user, version=shown["version"])) == (404, "object_not_found")
    assert not any(patient.replicas(user.account).values())
    assert patient.deleted(user.account) == []


def test_a_version_that_is_only_staged_stays_so_and_is_written_when_it_is_back(
    patient: Cloud, user: User
) -> None:
    assert user.create("sea.jpg", CONTENT, ASYNC).status == 202
    assert user.call("DELETE", PATH, headers=ASYNC).status == 202
    patient.settle()
    assert patient.staged() != set()
    assert not any(patient.replicas(user.account).values())
    assert undelete(user).json()["state"] == "UPDATING"
    assert user.download("sea.jpg").body == CONTENT
    patient.settle()
    assert user.call("GET", stat_path("photos", "sea.jpg")).json()["state"] == "CREATED"
    patient.check_storage(user.account)
    assert patient.staged() == set()


def test_a_version_that_is_only_staged_is_removed_when_it_is_due(
    patient: Cloud, user: User
) -> None:
    user.create("sea.jpg", CONTENT, ASYNC)
    user.call("DELETE", PATH, headers=ASYNC)
    patient.settle()
    pass_time(user, 25 * HOUR)
    assert patient.staged() == set()
    assert patient.deleted(user.account) == []


def test_a_copy_that_comes_late_is_none_of_the_version_that_is_taken_back(
    patient: Cloud, user: User
) -> None:
    """Two executions of a version are under way when it is deleted; their commits come later."""
    assert user.create("sea.jpg", CONTENT, ASYNC).status == 202
    patient.backends["ceph"].refuse("put")
    patient.run_executions()
    (first,) = [one for one in patient.executed if one["mode"] == "wait"]
    patient.lose_messages()
    patient.backends["ceph"].accept()
    delete(user)
    patient.execute("s3", first)  # once more: it writes the same copies, and the missing one
    patient.settle()
    patient.check_storage(user.account)
    assert undelete(user).status == 200
    patient.settle()
    record = patient.record(user.account, "photos", "sea.jpg")
    assert record is not None
    assert record.state is State.CREATED
    patient.check_storage(user.account)
    assert user.download("sea.jpg").body == CONTENT


def test_listings_have_pages_and_prefixes_whatever_the_names(patient: Cloud, user: User) -> None:
    long = "n" * 998
    names = ["a", "a!", "a/b", "b", long + "x" * 26, long + "y" * 26, "ü" * 512, "\U0001f600"]
    for name in names:
        for content in (b"one", b"two"):
            assert user.create(name, content, SYNC).status == 201
            delete(user, name)
    found, marker = [], ""
    while True:
        query = f"?limit=3&marker={quote(marker)}"
        page = user.call("GET", f"{container_path('photos')}/deleted{query}").json()
        assert len(page["deleted"]) <= 3
        found += page["deleted"]
        marker = page["next_marker"]
        if marker is None:
            break
    in_order = sorted((one for one in names if one[0] != "n"), key=str.encode)
    assert [one["name"] for one in found if one["name"][0] != "n"] == [
        name for name in in_order for _ in range(2)
    ]
    assert sorted(one["name"] for one in found) == sorted(names * 2)
    assert {one["name"] for one in listed(user, "?prefix=a")} == {"a", "a!", "a/b"}
    assert {one["name"] for one in listed(user, f"?prefix={long}y")} == {names[5]}
    assert listed(user, "?prefix=a&marker=b%0A0") == []
    for name in names:
        newest = max(one["version"] for one in found if one["name"] == name)
        assert undelete(user, name).json()["version"] == newest
        assert user.download(name).body == b"two"


@pytest.fixture
def operators(cloud: Cloud) -> Cloud:
    """A cloud with an account for operators."""
    with cloud.network.outside():
        assert accounts.create("ops", "hash", Role.ADMIN)
    return cloud


def test_an_operator_takes_back_and_purges_for_a_user(operators: Cloud, user: User) -> None:
    cloud = operators
    cloud.grant(24 * HOUR)
    user.create("sea.jpg", CONTENT, SYNC)
    delete(user)
    path = f"/v1/admin/deleted/{user.account}/photos/sea.jpg"
    assert user.call("POST", path).status == 403
    operator = cloud.token("ops")
    assert cloud.call("s3", "POST", path, token=operator).status == 200
    assert user.download("sea.jpg").body == CONTENT
    assert cloud.call("s3", "DELETE", path, token=operator).status == 404
    assert user.download("sea.jpg").body == CONTENT
    delete(user)
    purged = cloud.call("s3", "DELETE", path, token=operator)
    assert purged.status == 200
    assert len(purged.json()["purged"]) == 1
    pass_time(user, 1)
    assert code(undelete(user)) == (404, "object_not_found")
    assert not any(cloud.replicas(user.account).values())
    assert [one.state for one in cloud.deleted(user.account)] == [DeletedState.REMOVED]
    pass_time(user, 2 * HOUR)
    assert cloud.deleted(user.account) == []


def test_without_a_grace_nothing_is_kept(cloud: Cloud, user: User) -> None:
    user.create("sea.jpg", CONTENT, SYNC)
    delete(user)
    cloud.settle()
    assert listed(user) == []
    assert cloud.deleted(user.account) == []
    assert not any(cloud.replicas(user.account).values())
    assert json.loads(undelete(user).body)["code"] == "object_not_found"


@pytest.mark.parametrize("grace", [0, 24 * HOUR])
def test_a_version_that_was_taken_back_and_replaced_never_comes_again(
    patient: Cloud, user: User, grace: int
) -> None:
    """The undelete ends before it has marked the version as RESTORED."""
    version = user.create("sea.jpg", CONTENT, SYNC).json()["version"]
    delete(user)
    updates = 0

    def die_at_the_mark(call: NetworkCall, again: bool) -> Manner | None:
        nonlocal updates
        updates += call.function == "deleted" and call.name == "dynamodb:UpdateItem"
        return Manner.DIES if updates == 2 else None

    patient.network.choose = die_at_the_mark
    assert undelete(user).died
    patient.network.choose = None
    (item,) = patient.deleted(user.account)
    assert item.state is DeletedState.RESTORING
    assert user.download("sea.jpg").body == CONTENT
    assert user.update("sea.jpg", b"in its place", SYNC).status == 200
    patient.settle()
    patient.grant(grace)
    delete(user)
    patient.settle()
    pass_time(user, 200)
    assert patient.record(user.account, "photos", "sea.jpg") is None
    assert code(undelete(user, version=version)) == (404, "object_not_found")
    patient.check_storage(user.account)
    back = undelete(user)
    assert back.status == (200 if grace else 404)
    assert not grace or user.download("sea.jpg").body == b"in its place"


def test_a_catalog_that_was_set_back_removes_nothing_that_was_taken_back_since(
    patient: Cloud, user: User
) -> None:
    """Not even before a health check has noticed it."""
    check_health(patient)
    user.create("sea.jpg", CONTENT, SYNC)
    delete(user)
    patient.settle()
    set_back = patient.keep()
    patient.clock.advance(20 * HOUR)
    user.token = patient.token(user.account)
    check_health(patient)
    assert undelete(user).status == 200
    patient.settle()
    held = {name: dict(one.replicas) for name, one in patient.backends.items()}
    patient.clock.advance(5 * HOUR)
    set_back()
    for name, replicas in held.items():
        patient.backends[name].replicas = dict(replicas)
    patient.chill()
    (before,) = patient.deleted(user.account)
    for _ in range(2):
        patient.sweep()
        patient.pump()
        assert patient.deleted(user.account) == [before]
        check_health(patient)
        patient.chill()
    found = patient.replicas(user.account)
    assert all(bodies == {before.version_id: CONTENT} for bodies in found.values())
