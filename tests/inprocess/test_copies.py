"""An object becomes a copy of another one, whose content its caller never has: of any size, whole
and true, whatever becomes of the source meanwhile."""

from dataclasses import replace
from typing import Any

import pytest

from mcos import limits
from mcos.model import lifecycle
from mcos.model.digests import digests_of
from mcos.model.objects import ObjectKey, ObjectRecord, State
from mcos.model.versions import Version
from mcos.replicas.source import inline
from mcos.versions.execution import replica_of
from mcos.workers.put_replica import put_replica
from mcos_rescue.inventory import Inventory
from tests.support.cloud import ASYNC, CLUSTERS, SYNC, Cloud, arn
from tests.support.copying import copy
from tests.support.gateway import Reply
from tests.support.paths import container_path, object_path, undelete_path
from tests.support.rescued import RescuedStore, prepare, rescued
from tests.support.tags import sent_tag
from tests.support.uploads import PART, Sender
from tests.support.user import User

CONTENT, OTHER = b"bytes that are there once and twice", b"what came instead of them"
LARGE = bytes(range(256)) * 9
FACTS = {
    "x-mcos-content-type": "text/plain",
    "x-object-meta-colour": "green",
    "cache-control": "no-store",
}
GRACE = 24 * 3600
PUT: dict[str, Any] = {"method": "PUT", "query": "?if_missing=create"}


def described(user: User, name: str) -> dict[str, Any]:
    stat = user.stat(name)
    return {key: stat[key] for key in ("content_type", "metadata", "headers")}


def delete(user: User, name: str, headers: dict[str, str] = SYNC) -> Reply:
    return user.call("DELETE", object_path("photos", name), b"", headers)


def current(user: User, name: str) -> Version:
    record = user.cloud.record(user.account, "photos", name)
    assert record is not None
    assert record.current is not None
    return record.current


def is_there(user: User, name: str, content: bytes = CONTENT) -> None:
    """Every entry point gives the content, whole and in parts, with its digests."""
    for cluster in CLUSTERS:
        reply = user.download(name, at=cluster)
        assert (reply.status, reply.body) == (200, content)
        part = user.download(name, {"range": "bytes=3-9"}, at=cluster)
        assert (part.status, part.body) == (206, content[3:10])
        assert user.stat(name)["digest"] == {"sha-256": digests_of(content).sha256}


def settle(cloud: Cloud) -> None:
    """Let all be done, and time pass in which somebody could still accept what is lent."""
    cloud.clock.advance(600)
    cloud.sweep(*CLUSTERS)
    cloud.settle()


@pytest.fixture
def sender(user: User, small_parts: None) -> Sender:
    return Sender(user)


@pytest.fixture
def stored(user: User) -> User:
    """A user with an object ``a`` on all three clusters."""
    assert user.create("a", CONTENT, {**SYNC, **FACTS}).status == 201
    return user


@pytest.fixture
def large(sender: Sender) -> User:
    """A user with an object ``a`` in parts on all three clusters."""
    upload = sender.begin("a", LARGE, metadata={"colour": "green"})
    sender.send(upload, LARGE)
    assert sender.complete(upload).status == 202
    sender.cloud.settle()
    assert sender.user.stat("a")["state"] == "CREATED"
    return sender.user


# What a copy is


@pytest.mark.parametrize(("prefer", "status"), [(SYNC, 201), (ASYNC, 202)], ids=["sync", "async"])
def test_it_has_content_etag_and_description_of_its_source(
    stored: User, prefer: dict[str, str], status: int
) -> None:
    reply = copy(stored, "a", "b", prefer)
    assert reply.status == status
    assert reply.headers["preference-applied"] == prefer["prefer"]
    assert reply.headers["etag"] == stored.stat("a")["etag"]
    assert reply.headers["x-mcos-version"] != stored.stat("a")["version"]
    is_there(stored, "b")
    stored.cloud.settle()
    is_there(stored, "b")
    assert described(stored, "b") == described(stored, "a")
    assert described(stored, "b")["metadata"] == {"colour": "green"}
    one, other = stored.stat("a"), stored.stat("b")
    assert (other["state"], other["etag"]) == ("CREATED", one["etag"])
    stored.cloud.check_storage(stored.account)


def test_what_is_given_changes_the_description_of_the_copy_alone(stored: User) -> None:
    before = described(stored, "a")
    copy(
        stored,
        "a",
        "b",
        SYNC,
        content_type="image/png",
        metadata={"Size": "large", "colour": None},
        headers={"Cache-Control": None, "Expires": "0"},
    )
    assert described(stored, "b") == {
        "content_type": "image/png",
        "metadata": {"size": "large"},
        "headers": {"Expires": "0"},
    }
    assert described(stored, "a") == before


@pytest.mark.parametrize("prefer", [SYNC, ASYNC], ids=["sync", "async"])
def test_content_in_parts_is_copied_in_parts_and_keeps_the_etag_of_its_parts(
    large: User, prefer: dict[str, str]
) -> None:
    reply = copy(large, "a", "b", prefer)
    assert (reply.status, reply.headers["preference-applied"]) == (202, "respond-async")
    assert reply.headers["etag"] == sent_tag(LARGE, PART)
    is_there(large, "b", LARGE)
    assert large.stat("b")["state"] == "CREATING"
    large.cloud.settle()
    is_there(large, "b", LARGE)
    assert current(large, "b").part_size == PART
    assert large.stat("b")["etag"] == large.stat("a")["etag"]
    large.cloud.check_storage(large.account)


def test_content_that_no_call_carries_is_read_by_a_url_of_the_source_until_it_is_stored(
    stored: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(limits, "CONTENT_BYTES", 8)
        assert copy(stored, "a", "b", SYNC, content_type="image/png").status == 202
        reply = stored.download("b")
        assert reply.status == 307
        assert current(stored, "a").id in reply.headers["location"]
    stored.cloud.settle()
    monkeypatch.setattr(limits, "CONTENT_BYTES", 8)
    assert current(stored, "b").id in stored.download("b").headers["location"]


def test_into_another_container_with_its_policy_and_over_what_is_there(stored: User) -> None:
    stored.call("PUT", container_path("more"))
    assert copy(stored, "a", "b", SYNC, into="more").status == 201
    assert stored.call("GET", object_path("more", "b")).body == CONTENT
    stored.create("b", OTHER, SYNC)
    assert copy(stored, "a", "b", SYNC, method="PUT").status == 200
    is_there(stored, "b")
    assert copy(stored, "a", "c", ASYNC, **PUT).status == 202
    assert copy(stored, "a", "b", ASYNC, **PUT).status == 202
    stored.cloud.settle()
    is_there(stored, "b")
    stored.cloud.check_storage(stored.account)


def test_it_makes_no_call_for_the_bytes(stored: User) -> None:
    copy(stored, "a", "warm", ASYNC)
    stored.cloud.settle()
    with stored.cloud.network.record() as calls:
        copy(stored, "a", "b", ASYNC)
    assert [call.name for call in calls] == [
        "dynamodb:GetItem",  # the source
        "dynamodb:PutItem",  # the loan
        "dynamodb:PutItem",  # the copy
        "dynamodb:GetItem",  # its container
        "dynamodb:GetItem",  # the source, once more
        "dynamodb:PutItem",  # from here on readers see the copy
        "sqs:SendMessage",
    ]


# A source that is not stored yet


def test_what_was_taken_a_moment_ago_is_copied_too(user: User) -> None:
    user.create("a", CONTENT, {**ASYNC, **FACTS})
    assert copy(user, "a", "b", ASYNC).status == 202
    assert delete(user, "a").status in (202, 204)
    is_there(user, "b")
    user.cloud.settle()
    is_there(user, "b")
    assert user.stat("b")["metadata"] == {"colour": "green"}
    assert user.cloud.staged() == set()
    user.cloud.check_storage(user.account)


def test_what_is_large_must_be_stored_first(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    user.create("a", CONTENT, ASYNC)
    with monkeypatch.context() as patch:
        patch.setattr(limits, "CONTENT_BYTES", 8)
        reply = copy(user, "a", "b", ASYNC)
    assert (reply.status, reply.code, reply.headers["retry-after"]) == (
        409,
        "object_not_ready",
        "1",
    )
    user.cloud.settle()
    assert copy(user, "a", "b", ASYNC).status == 202
    user.cloud.settle()
    user.cloud.check_storage(user.account)


@pytest.mark.parametrize("gone", [False, True], ids=["the first stays", "the first is deleted"])
def test_a_copy_of_a_copy_that_is_not_stored_borrows_from_where_that_borrows(
    large: User, gone: bool
) -> None:
    assert copy(large, "a", "b", ASYNC).status == 202
    assert copy(large, "b", "c", ASYNC, metadata={"colour": "red"}).status == 202
    lender = current(large, "c").borrowed_from
    assert lender is not None
    assert (lender.object, lender.version.id) == ("a", current(large, "a").id)
    if gone:
        delete(large, "b")
    delete(large, "a")
    is_there(large, "c", LARGE)
    settle(large.cloud)
    is_there(large, "c", LARGE)
    assert large.stat("c")["metadata"] == {"colour": "red"}
    large.cloud.check_storage(large.account)


# What becomes of the source


@pytest.mark.parametrize("grace", [0, GRACE])
@pytest.mark.parametrize("end", ["delete", "update", "async update"])
def test_the_source_may_go_as_soon_as_the_copy_is_taken(large: User, end: str, grace: int) -> None:
    cloud = large.cloud
    cloud.grant(grace)
    assert copy(large, "a", "b", ASYNC).status == 202
    if end == "delete":
        assert delete(large, "a").status in (202, 204)
        assert large.download("a").status == 404
    else:
        assert large.update("a", OTHER, SYNC if end == "update" else ASYNC).status < 300
        assert large.download("a").body == OTHER
    for name in CLUSTERS:  # the removals are looked at, before and long after the loan
        cloud.pump()
        cloud.sweep(name)
        cloud.clock.advance(GRACE)
    large.token = cloud.token(large.account)
    is_there(large, "b", LARGE)
    settle(cloud)
    large.token = cloud.token(large.account)
    is_there(large, "b", LARGE)
    cloud.clock.advance(2 * GRACE)
    settle(cloud)
    assert cloud.deleted(large.account) == [] or end == "delete"
    large.token = cloud.token(large.account)
    is_there(large, "b", LARGE)
    cloud.check_storage(large.account)
    held = {version for bodies in cloud.replicas(large.account).values() for version in bodies}
    assert held == {
        current(large, name).id for name in ("a", "b") if name == "b" or end != "delete"
    }


def test_nothing_is_held_for_a_copy_that_is_stored(large: User) -> None:
    copy(large, "a", "b", ASYNC)
    large.cloud.settle()
    assert current(large, "b").borrowed_from is None
    assert delete(large, "a").status == 204
    large.cloud.settle()
    large.cloud.check_storage(large.account)


@pytest.mark.parametrize("end", ["delete", "update"])
def test_nothing_is_held_for_a_copy_that_is_gone(large: User, end: str) -> None:
    copy(large, "a", "b", ASYNC)
    if end == "delete":
        delete(large, "b")
    else:
        large.update("b", OTHER, ASYNC)
    delete(large, "a")
    settle(large.cloud)
    large.cloud.check_storage(large.account)


def test_a_copy_that_is_deleted_can_be_taken_back_though_its_source_is_gone(large: User) -> None:
    cloud = large.cloud
    cloud.grant(GRACE)
    copy(large, "a", "b", ASYNC)
    delete(large, "b")
    cloud.cut_executions()
    cloud.grant(0)
    delete(large, "a")
    cloud.clock.advance(3600)
    cloud.sweep(*CLUSTERS)
    cloud.pump()
    large.token = cloud.token(large.account)
    assert large.call("POST", undelete_path("photos", "b")).status == 200
    is_there(large, "b", LARGE)
    settle(cloud)
    is_there(large, "b", LARGE)
    cloud.check_storage(large.account)


def test_a_source_that_is_taken_back_is_whole(large: User) -> None:
    large.cloud.grant(GRACE)
    copy(large, "a", "b", ASYNC)
    delete(large, "a")
    assert large.call("POST", undelete_path("photos", "a")).status == 200
    settle(large.cloud)
    is_there(large, "a", LARGE)
    is_there(large, "b", LARGE)
    large.cloud.check_storage(large.account)


def test_only_so_many_borrow_at_a_time_and_those_that_have_ended_count_no_more(
    large: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "LENT_AT_MOST", 10)
    for number in range(10):
        assert copy(large, "a", f"b{number}", ASYNC).status == 202
    reply = copy(large, "a", "c", ASYNC)
    assert (reply.status, reply.code) == (409, "conflict")
    large.cloud.settle()
    assert copy(large, "a", "c", ASYNC).status == 202
    assert len(current(large, "a").lent_to) == 1
    large.cloud.settle()
    large.cloud.check_storage(large.account)


# Conditions and refusals


def test_conditions_of_the_source_and_of_the_target(stored: User) -> None:
    source = stored.stat("a")
    for only in ({"version": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}, {"if_match": '"another"'}):
        reply = copy(stored, "a", "b", SYNC, only=only)
        assert (reply.status, reply.code) == (412, "precondition_failed")
    only = {"version": source["version"], "if_match": source["etag"]}
    assert copy(stored, "a", "b", SYNC, only=only).status == 201
    etag = stored.stat("b")["etag"]
    for headers in ({"if-match": '"another"'}, {"if-none-match": etag}, {"if-none-match": "*"}):
        assert copy(stored, "a", "b", {**SYNC, **headers}, method="PUT").status == 412
    assert copy(stored, "a", "b", {**SYNC, "if-match": etag}, method="PUT").status == 200
    assert current(stored, "a").lent_to
    stored.cloud.settle()
    stored.cloud.check_storage(stored.account)


def test_what_may_not_be_copied(stored: User) -> None:
    other = User(stored.cloud)
    assert copy(other, "a", "b", SYNC).code == "object_not_found"
    assert copy(stored, "none", "b", SYNC).code == "object_not_found"
    assert copy(stored, "a", "b", SYNC, into="none").code == "container_not_found"
    assert copy(stored, "a", "b", SYNC, method="PUT").code == "object_not_found"
    assert copy(stored, "a", "a", SYNC).code == "object_exists"
    assert copy(stored, "a", "b", SYNC).status == 201
    assert copy(stored, "a", "b", SYNC).code == "object_exists"
    assert copy(stored, "a", "c", SYNC, metadata={"a": "ü"}).code == "invalid_metadata"
    assert copy(stored, "a", "c", SYNC, size=3).code == "invalid_body"
    assert copy(stored, "a", "c", SYNC, only={"etag": "x"}).code == "invalid_body"
    assert copy(stored, "a", "c", {**SYNC, "x-storage-policy": "none"}).status == 400
    assert copy(stored, "", "c", SYNC).code == "invalid_name"
    delete(stored, "a")
    assert copy(stored, "a", "c", SYNC).code == "object_not_found"
    settle(stored.cloud)
    stored.cloud.check_storage(stored.account)


def test_what_is_retained_is_not_replaced_by_a_copy(stored: User) -> None:
    stored.call("PUT", container_path("photos"), b"", {"x-retention-days": "1"})
    stored.create("b", OTHER, SYNC)
    assert copy(stored, "a", "b", SYNC, method="PUT").code == "retained"
    assert copy(stored, "a", "c", SYNC).status == 201
    assert delete(stored, "c").code == "retained"  # the copy is held as long as any other


# Onto itself


def test_onto_itself_it_is_described_anew_and_stays_where_it_is(stored: User) -> None:
    before = current(stored, "a")
    reply = copy(stored, "a", "a", SYNC, method="PUT", metadata={"colour": "red"})
    assert (reply.status, reply.headers["x-mcos-version"]) == (200, before.id)
    assert stored.stat("a")["metadata"] == {"colour": "red"}
    assert copy(stored, "a", "a", SYNC, **PUT).status == 200
    assert current(stored, "a").replicas == before.replicas
    wrong = {"if_match": '"another"'}
    assert copy(stored, "a", "a", SYNC, method="PUT", only=wrong).status == 412


@pytest.mark.parametrize("prefer", [SYNC, ASYNC], ids=["sync", "async"])
def test_onto_itself_by_another_policy_it_is_written_anew(
    stored: User, prefer: dict[str, str]
) -> None:
    before = current(stored, "a")
    policy = {"x-storage-policy": "default"}
    assert copy(stored, "a", "a", {**prefer, **policy}, method="PUT").status < 300
    is_there(stored, "a")
    stored.cloud.settle()
    assert current(stored, "a").id != before.id
    is_there(stored, "a")
    settle(stored.cloud)
    stored.cloud.check_storage(stored.account)


# Damage and loss


@pytest.mark.parametrize("how", ["damaged", "missing"])
def test_a_bad_replica_of_the_source_is_never_copied_and_is_repaired(
    stored: User, how: str
) -> None:
    cloud, bad = stored.cloud, "swift"
    key = cloud.key(stored.account, "photos", "a", bad)
    if how == "damaged":
        cloud.backends[bad].damage(key, b"x" * len(CONTENT))
    else:
        del cloud.backends[bad].replicas[key]
    assert copy(stored, "a", "b", ASYNC, at=bad).status == 202
    is_there(stored, "b")  # read from the source, which has the damage
    cloud.settle()
    is_there(stored, "b")
    is_there(stored, "a")
    cloud.check_storage(stored.account)


def test_what_was_read_wrong_has_the_source_looked_at(stored: User) -> None:
    """Content that no call carries is streamed, so only its writing tells."""
    cloud = stored.cloud
    key = cloud.key(stored.account, "photos", "a", "ceph")
    cloud.backends["ceph"].damage(key, b"x" * len(CONTENT))
    copy(stored, "a", "b", ASYNC)
    record = cloud.record(stored.account, "photos", "b")
    assert record is not None
    results = [{"cluster": "ceph", "stored": False, "reason": "x", "misread": True}]
    event = {
        "record": record.as_json(),
        "version_id": current(stored, "b").id,
        "results": [
            {**one, "incarnation": current(stored, "b").replicas["ceph"].incarnation}
            for one in results
        ],
    }
    cloud.cut_executions()
    cloud.invoke(arn("s3", "commit_version"), event)
    messages = [body["object"] for _, body in pumped(cloud)]
    assert messages == ["a"] * 3
    cloud.settle()
    is_there(stored, "b")
    cloud.check_storage(stored.account)


def pumped(cloud: Cloud) -> list[tuple[str, Any]]:
    before = len(cloud.delivered)
    cloud.pump()
    return cloud.delivered[before:]


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_a_function_that_read_wrong_bytes_says_so(stored: User, cluster: str) -> None:
    cloud, version = stored.cloud, current(stored, "a")
    with cloud.at(cluster), cloud.network.outside():
        replica = {**replica_of(ObjectKey(stored.account, "photos", "b"), version)}
        replica |= {"version": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "incarnation": "0" * 16}
        wrong = inline(b"x" * len(CONTENT))
        result = put_replica(replica, wrong)  # type: ignore[arg-type]
    assert (result["stored"], result["misread"]) == (False, True)


@pytest.mark.parametrize("bad", CLUSTERS)
def test_damage_in_what_no_call_carries_is_found_and_repaired(
    stored: User, bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is streamed from its source by a URL, which verifies nothing."""
    cloud = stored.cloud
    key = cloud.key(stored.account, "photos", "a", bad)
    cloud.backends[bad].damage(key, b"x" * len(CONTENT))
    with monkeypatch.context() as patch:
        patch.setattr(limits, "CONTENT_BYTES", 8)
        assert copy(stored, "a", "b", ASYNC).status == 202
        cloud.settle()
    is_there(stored, "b")
    for bodies in cloud.replicas(stored.account).values():
        assert set(bodies.values()) == {CONTENT}
    cloud.check_storage(stored.account)


def test_damage_in_parts_is_found_by_the_copy_and_repaired_in_the_source(large: User) -> None:
    cloud = large.cloud
    for name in ("s3", "swift"):
        key = cloud.key(large.account, "photos", "a", name)
        cloud.backends[name].damage(key, b"x" * len(LARGE))
    assert copy(large, "a", "b", ASYNC).status == 202
    cloud.settle()
    cloud.check_storage(large.account)
    for name in CLUSTERS:
        for body in cloud.replicas(large.account)[name].values():
            assert body == LARGE


def test_a_copy_waits_while_its_targets_are_down_and_the_source_goes(large: User) -> None:
    cloud = large.cloud
    for name in ("swift", "ceph"):
        cloud.backends[name].refuse("put", "begin_parts", "put_part", "complete_parts")
    copy(large, "a", "b", ASYNC)
    delete(large, "a")
    for _ in range(4):
        cloud.run_executions()
        cloud.pump()
        cloud.clock.advance(3600)
        cloud.sweep(*CLUSTERS)
    large.token = cloud.token(large.account)
    is_there(large, "b", LARGE)
    for name in ("swift", "ceph"):
        cloud.backends[name].accept()
    settle(cloud)
    is_there(large, "b", LARGE)
    cloud.check_storage(large.account)


def test_the_copies_that_are_borrowed_may_move(large: User) -> None:
    """A move of the source ends while the copy waits; what is read is where it is now."""
    cloud = large.cloud
    copy(large, "a", "b", ASYNC)
    record = cloud.record(large.account, "photos", "a")
    assert record is not None
    assert record.current is not None
    moved = {
        name: replace(one, incarnation=f"{number:016x}")
        for number, (name, one) in enumerate(record.current.replicas.items())
    }
    for name, one in record.current.replicas.items():
        held = cloud.backends[name].replicas
        key = f"{large.account}/{record.current.id}"
        held[f"{key}/{moved[name].incarnation}"] = held.pop(f"{key}/{one.incarnation}")
    write(cloud, replace(record, current=replace(record.current, replicas=moved)))
    is_there(large, "b", LARGE)
    cloud.settle()
    is_there(large, "b", LARGE)
    cloud.check_storage(large.account)


def write(cloud: Cloud, record: ObjectRecord) -> None:
    from mcos.catalog import objects

    with cloud.at("s3"), cloud.network.outside():
        objects.change(record.key, lambda found: record)


def test_a_cluster_that_is_lost_gives_no_copy_up_while_another_has_its_source(
    large: User,
) -> None:
    from mcos.catalog.registry import current_registry
    from mcos.model.clusters import ClusterState
    from mcos.placement.moves import gone_clusters, written_off

    cloud = large.cloud
    copy(large, "a", "b", ASYNC)
    for lost, expected in (("s3", State.CREATING), ("swift", State.CREATING), ("ceph", None)):
        cloud.register(lost, state=ClusterState.LOST)
        with cloud.at("s3"), cloud.network.outside():
            registry = current_registry(fresh=True)
        record = cloud.record(large.account, "photos", "b")
        assert record is not None
        assert lost in gone_clusters(record, registry)
        if expected is not None:
            after = written_off(record, lost, registry, incarnation="0" * 16)
            assert after.state is expected
            assert after.current is not None
        else:
            after = written_off(record, lost, registry, incarnation="0" * 16)
            assert (after.state, after.current) == (State.FAILED, None)
            assert after.reason is not None


def test_without_aws_a_copy_is_read_from_the_copies_of_its_source(large: User) -> None:
    cloud = large.cloud
    prepare(cloud)
    copy(large, "a", "b", ASYNC)
    delete(large, "a")
    cloud.journal()
    backend = cloud.backends["swift"]
    with rescued(backend) as catalog:
        store = RescuedStore(backend)
        found = {one.name: one for one in Inventory(store, catalog).seen()}
    assert current(large, "b").stored == ()
    assert found["b"].expected.sha256 == digests_of(LARGE).sha256
    lender = current(large, "b").borrowed_from
    assert lender is not None
    assert [key.split("/")[1] for key in found["b"].keys] == [lender.version.id]
    assert sorted(found["b"].elsewhere) == ["ceph", "s3"]


def test_a_loan_of_a_copy_that_nobody_accepted_is_forgotten(stored: User) -> None:
    assert copy(stored, "a", "b", SYNC, into="none").status == 404
    assert current(stored, "a").lent_to
    delete(stored, "a")
    settle(stored.cloud)
    assert stored.cloud.records(stored.account) == []
    stored.cloud.check_storage(stored.account)
