"""Which changes of an object are told, and what is told of them."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError

from mcos import clock
from mcos.catalog import objects
from mcos.errors import McosError
from mcos.events.state_change import state_change
from mcos.model import lifecycle
from mcos.model.lifecycle import NewReplica
from mcos.model.messages import StateChange
from mcos.model.names import is_id
from mcos.model.objects import ObjectRecord, State
from mcos.model.versions import Replica, Version
from tests.support.builders import CLUSTERS, KEY, NOW, all_paid, record, stored, version
from tests.support.event_schema import EVENTS, SCHEMA, check_detail, check_event

AT = datetime(2026, 11, 22, 10, 0, 1, tzinfo=UTC)

WHOLE = version(1, stored=CLUSTERS)
CREATED = record(State.CREATED, current=WHOLE)
OWING = replace(CREATED, removals=version(9).removals())


def told(old: ObjectRecord | None, new: ObjectRecord | None) -> StateChange:
    """The event of a change that is one, as it is documented."""
    detail = state_change(old, written(new, old), AT)
    assert detail is not None
    check_detail(detail)
    return detail


def written(new: ObjectRecord | None, old: ObjectRecord | None) -> ObjectRecord | None:
    """The record as the catalog writes it in place of the old one."""
    return new if new is None or new is old else objects.with_revision(new, old)


def replica_states(detail: StateChange) -> dict[str, str]:
    return {one["cluster"]: one["state"] for one in detail["replicas"]}


def test_a_new_object_is_told_with_all_that_is_known_of_it() -> None:
    new = lifecycle.accept_create(None, version(7), key=KEY, cluster="swift")
    detail = told(None, new)
    assert is_id(detail["revision"])
    assert detail == {
        "schema": 1,
        "account": "ada",
        "container": "photos",
        "object": "may/sea.jpg",
        "version": f"{7:026}",
        "state": "CREATING",
        "previous_state": None,
        "size": 7,
        "etag": f'"{7:032x}"',
        "replicas": [
            {"cluster": "ceph", "backend": "ceph", "state": "writing"},
            {"cluster": "s3", "backend": "s3", "state": "writing"},
            {"cluster": "swift", "backend": "swift", "state": "writing"},
        ],
        "cluster": "swift",
        "revision": detail["revision"],
        "changed_at": "2026-11-22T10:00:01.000Z",
    }


def test_a_commit_tells_the_state_and_the_replicas() -> None:
    new = lifecycle.accept_create(None, version(1), key=KEY, cluster="s3")
    readable, _ = lifecycle.commit(new, version(1).id, stored(["s3", "swift"]))
    whole, _ = lifecycle.commit(readable, version(1).id, stored(["ceph"]))
    first, second = told(new, readable), told(readable, whole)
    assert (first["previous_state"], first["state"]) == ("CREATING", "CREATING")
    assert replica_states(first) == {"ceph": "writing", "s3": "stored", "swift": "stored"}
    assert (second["previous_state"], second["state"]) == ("CREATING", "CREATED")
    assert set(replica_states(second).values()) == {"stored"}


def test_an_update_tells_the_old_version_until_readers_see_the_new_one() -> None:
    waiting = lifecycle.accept_update(CREATED, version(2, "wait"), cluster="ceph")
    assert told(CREATED, waiting)["version"] == WHOLE.id
    updating = lifecycle.accept_update(CREATED, version(2), cluster="ceph")
    updated, _ = lifecycle.commit(updating, version(2).id, stored(CLUSTERS, 2))
    first, second = told(CREATED, updating), told(updating, updated)
    assert (first["state"], first["version"], first["size"]) == ("UPDATING", version(2).id, 2)
    assert first["cluster"] == "ceph"
    assert (second["state"], second["version"], second["size"]) == ("CREATED", version(2).id, 2)


def test_a_deletion_tells_the_last_version_twice_and_no_replica_at_its_end() -> None:
    deleting = lifecycle.accept_delete(CREATED, cluster="s3", at=NOW)
    first, second = told(CREATED, deleting), told(deleting, all_paid(deleting))
    assert (first["previous_state"], first["state"]) == ("CREATED", "DELETING")
    assert (second["previous_state"], second["state"]) == ("DELETING", "DELETED")
    assert first["version"] == second["version"] == WHOLE.id
    assert second["replicas"] == []


def test_a_removal_has_a_revision_of_its_own_and_the_same_each_time() -> None:
    deleting = written(lifecycle.accept_delete(CREATED, cluster="s3", at=NOW), CREATED)
    assert deleting is not None
    removed = told(deleting, None)["revision"]
    assert removed > deleting.revision > CREATED.revision
    assert told(deleting, None)["revision"] == removed


def test_an_object_that_is_taken_back_is_told_as_deleted() -> None:
    new = written(lifecycle.accept_create(None, version(1, "wait"), key=KEY, cluster="s3"), None)
    assert told(new, None)["state"] == "DELETED"
    assert told(new, None)["previous_state"] == "CREATING"


def test_a_failure_is_told() -> None:
    new = lifecycle.accept_create(None, version(1), key=KEY, cluster="s3")
    failed, _ = lifecycle.abandon(new, version(1).id, reason="cut off", forget=False)
    again = lifecycle.accept_create(failed, version(2), key=KEY, cluster="s3")
    assert told(new, failed)["state"] == "FAILED"
    assert (told(failed, again)["previous_state"], told(failed, again)["state"]) == (
        "FAILED",
        "CREATING",
    )


def test_a_replica_that_moves_or_is_lost_is_told() -> None:
    moving = lifecycle.move(
        CREATED, WHOLE.id, source="s3", target=NewReplica("s3-2", Replica("s3", "s3-2-1"))
    )
    moved, _ = lifecycle.commit(moving, WHOLE.id, stored(["s3-2"]))
    lost = lifecycle.lose(CREATED, WHOLE.id, "ceph", copy="ceph-1", by="another")
    assert replica_states(told(CREATED, moving)) == {
        "ceph": "stored",
        "s3": "leaving",
        "s3-2": "writing",
        "swift": "stored",
    }
    assert replica_states(told(moving, moved)) == {
        "ceph": "stored",
        "s3-2": "stored",
        "swift": "stored",
    }
    assert told(CREATED, lost)["state"] == "UPDATING"
    assert replica_states(told(CREATED, lost))["ceph"] == "writing"


def test_digests_that_become_known_are_told_by_the_etag() -> None:
    unknown = replace(version(1), md5="", sha256="", digested=False)
    new = lifecycle.accept_create(None, unknown, key=KEY, cluster="s3")
    known = lifecycle.record_digests(new, version(1))
    assert told(None, new)["etag"] == f'"{unknown.id}"'
    assert told(new, known)["etag"] == version(1).etag


def test_what_users_cannot_see_is_not_told() -> None:
    updating = lifecycle.accept_update(CREATED, version(2), cluster="s3")
    unseen: dict[str, tuple[ObjectRecord, ObjectRecord | None]] = {
        "the sweeper looked": (CREATED, lifecycle.touch(CREATED)),
        "what was owed is gone": (OWING, all_paid(OWING)),
        "another update waits": (
            updating,
            lifecycle.accept_update(updating, version(3, "wait"), cluster="swift"),
        ),
        "nothing": (CREATED, CREATED),
    }
    for what, (old, new) in unseen.items():
        assert new is not None
        assert state_change(old, new, AT) is None, what
    assert state_change(None, None, AT) is None


@pytest.mark.parametrize(
    "seen",
    [
        {"state": State.UPDATING},
        {"current": version(2, stored=CLUSTERS)},
        {"current": replace(WHOLE, md5=f"{5:032x}")},
        {"current": replace(WHOLE, size=5)},
        {"current": version(1, stored=["s3", "swift"])},
        {
            "current": replace(
                WHOLE, replicas={**WHOLE.replicas, "s3": Replica("swift", stored=True)}
            )
        },
        {"current": replace(WHOLE, replicas={"s3": Replica("s3", stored=True)})},
    ],
)
def test_each_thing_that_users_can_see_is_told(seen: dict[str, Any]) -> None:
    assert state_change(CREATED, replace(CREATED, **seen, revision=clock.new_id()), AT)


STEPS = ["create", "update", "update wait", "commit", "part", "lose", "delete", "dispose", "touch"]


@given(st.lists(st.sampled_from(STEPS), max_size=25))
def test_who_heard_every_event_knows_the_object_and_which_event_is_the_last(
    steps: list[str],
) -> None:
    life: list[ObjectRecord | None] = [None]
    for number, step in enumerate(steps, 1):
        new = version(number, "wait" if "wait" in step else "respond-async")
        life.append(written(following(life[-1], step, new), life[-1]))
    events = [event for old, new in pairwise(life) if (event := state_change(old, new, AT))]
    for event in events:
        check_detail(event)
    for one, other in pairwise(events):
        if one["state"] == "DELETED":  # what follows is another object, of whose time a clock tells
            assert other["previous_state"] is None
        else:
            assert one["revision"] < other["revision"]
            assert one["state"] == other["previous_state"]
    last = life[-1]
    if last is None:
        assert not events or events[-1]["state"] == "DELETED"
    else:
        shown = last.shown
        assert (events[-1]["state"], events[-1]["version"]) == (last.state.value, shown.id)
        stored = {one for one, state in replica_states(events[-1]).items() if state == "stored"}
        assert stored == set(shown.stored)


def following(found: ObjectRecord | None, step: str, new: Version) -> ObjectRecord | None:
    """The record after a step of a life; the same one where the step does not apply."""
    if found is None and step != "create":
        return None
    try:
        match step:
            case "create":
                return lifecycle.accept_create(found, new, key=KEY, cluster="s3")
            case "update" | "update wait":
                return lifecycle.accept_update(found, new, cluster="swift")
            case "delete":
                return lifecycle.accept_delete(found, cluster="ceph", at=NOW)
            case "touch":
                return lifecycle.touch(found)
    except McosError:
        return found
    assert found is not None
    target = found.pending[-1] if found.pending else found.shown
    match step:
        case "commit":
            return lifecycle.commit(found, target.id, target.copies(target.replicas))[0]
        case "part":
            return lifecycle.commit(found, target.id, target.copies(["s3", "ceph"]))[0]
        case "lose":
            copy = target.replicas["s3"].incarnation
            return lifecycle.lose(found, target.id, "s3", copy=copy, by=clock.new_id())
    return all_paid(found)


def test_the_schema_is_one_and_refuses_what_is_not_documented() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    sample = json.loads((EVENTS / "object_state_change.json").read_text("utf-8"))
    check_event(sample)
    detail = sample["detail"]
    for name in detail:
        with pytest.raises(ValidationError):
            check_detail({one: value for one, value in detail.items() if one != name})
    for wrong in ({"state": "GONE"}, {"revision": "1"}, {"schema": 2}, {"etag": "unquoted"}):
        with pytest.raises(ValidationError):
            check_detail({**detail, **wrong})
