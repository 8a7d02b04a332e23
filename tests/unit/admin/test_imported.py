"""A record that another deployment takes over loses nothing that is stored."""

from collections.abc import Iterable
from dataclasses import replace
from typing import get_args

from hypothesis import assume, given
from hypothesis import strategies as st

from mcos.admin.imported import NOTHING_STORED, Fate, given_up, still_deleted, take_over
from mcos.model.clusters import Registry
from mcos.model.deleted import Deleted, DeletedState
from mcos.model.kept import Kept
from mcos.model.objects import ObjectRecord, State
from mcos.model.versions import Removal, Replica, Staged, Version
from mcos.settings import Mode
from tests.support.builders import CLUSTERS, KEY, NOW, cluster, record, version


def registry(names: Iterable[str] = CLUSTERS) -> Registry:
    return Registry(clusters={name: cluster(name) for name in names})


@st.composite
def versions(draw: st.DrawFn, number: int) -> Version:
    held = draw(st.sets(st.sampled_from(CLUSTERS)))
    mode: Mode = draw(st.sampled_from(get_args(Mode)))
    return version(number, mode, held)


@st.composite
def keeps(draw: st.DrawFn) -> Kept:
    return Kept(draw(versions(9)), "deletion", NOW, NOW, NOW)


@st.composite
def records(draw: st.DrawFn) -> ObjectRecord:
    """Records as they may be in the middle of anything."""
    state = draw(st.sampled_from([State.CREATED, State.UPDATING, State.CREATING]))
    current = draw(st.none() | versions(2))
    previous = draw(st.none() | versions(1)) if current else None
    pending = tuple(draw(versions(number)) for number in range(3, draw(st.integers(3, 5))))
    assume(current or pending)
    owed = draw(st.sets(st.sampled_from(CLUSTERS)))
    made = record(state, current, pending, tuple(Removal(name, "0", "old") for name in owed))
    kept = tuple(draw(st.lists(keeps(), max_size=2)))
    return replace(made, previous=previous, unstagings=(Staged("s3", "key"),), kept=kept)


LINKED = st.sets(st.sampled_from(CLUSTERS), min_size=1)


def copies(one: Version | None, linked: Iterable[str]) -> set[str]:
    return set() if one is None else set(one.stored) & set(linked)


@given(records(), LINKED)
def test_what_users_saw_last_and_is_stored_is_what_they_see(
    before: ObjectRecord, linked: set[str]
) -> None:
    after, fate = take_over(before, registry(linked))
    seen = [one for one in (before.current, before.previous) if one and copies(one, linked)]
    if after.current is not None and fate is not Fate.ELSEWHERE:
        whole = [one.id for one in before.pending if set(one.stored) == set(one.replicas)]
        wanted = {one.id for one in seen[:1]} | set(whole)
        assert after.current.id in wanted
        assert copies(after.current, linked)
    elif fate is Fate.TRIMMED:
        assert after.state is State.FAILED
        assert after.reason == NOTHING_STORED
        assert not any(one.stored for one in before.versions)


@given(records(), LINKED)
def test_nothing_is_staged_and_all_that_was_owed_is_still_owed(
    before: ObjectRecord, linked: set[str]
) -> None:
    after, fate = take_over(before, registry(linked))
    if fate is Fate.ELSEWHERE:
        assert after == before
        return
    assert after.unstagings == ()
    assert not any(one.staged for one in (*after.versions, *([after.last] if after.last else [])))
    assert set(before.removals) <= set(after.removals)
    kept = [replace(one, version=replace(one.version, staged=None)) for one in before.kept]
    assert [*after.kept] == [one for one in kept if one.version.stored]
    assert after.revision == before.revision
    assert after.pending == ()


@given(records(), LINKED)
def test_nothing_is_to_be_removed_that_users_may_need(
    before: ObjectRecord, linked: set[str]
) -> None:
    after, _ = take_over(before, registry(linked))
    added = set(after.removals) - set(before.removals)
    kept = {one.id for one in after.versions}
    assert not {one.version for one in added} & kept
    if added:
        assert after.current is not None
        assert after.current.is_readable


@given(records(), LINKED)
def test_taking_over_twice_changes_nothing_more(before: ObjectRecord, linked: set[str]) -> None:
    after, fate = take_over(before, registry(linked))
    assume(fate is not Fate.ELSEWHERE)
    assert take_over(after, registry(linked)) == (after, Fate.WHOLE)


@given(records())
def test_no_replica_is_thought_to_be_where_no_cluster_is(before: ObjectRecord) -> None:
    after, _ = take_over(before, registry(["s3", "ceph"]))
    if after != before and after.current is not None:
        assert "swift" not in after.current.stored
        assert after.state is not State.CREATED or "swift" not in after.current.replicas


def test_a_settled_object_is_taken_over_as_it_is() -> None:
    settled = record(State.CREATED, replace(version(1, stored=CLUSTERS), staged=None))
    assert take_over(settled, registry()) == (settled, Fate.WHOLE)


def test_what_was_being_deleted_is_deleted_and_never_shown() -> None:
    owed = Removal("s3", "1", "x")
    deleting = record(State.DELETING, removals=(owed,), last=version(1))
    after, fate = take_over(deleting, registry())
    assert (after.state, after.removals, fate) == (State.DELETING, (owed,), Fate.WHOLE)
    nothing = record(State.DELETING, last=version(1))
    assert take_over(nothing, registry()).fate is Fate.OVER


def test_a_replica_in_a_move_stays_in_it() -> None:
    moving = version(1, stored=["s3", "ceph"])
    leaving = replace(moving.replicas["s3"], leaving=True)
    arriving = {"swift-2": Replica("swift", "new")}
    current = replace(moving, replicas={**moving.replicas, "s3": leaving, **arriving})
    linked = registry((*CLUSTERS, "swift-2"))
    after, _ = take_over(record(State.CREATED, current), linked)
    assert after.current == replace(current, staged=None)


def test_what_is_given_up_says_why() -> None:
    failed = given_up(record(State.CREATED, version(1)))
    assert (failed.state, failed.reason, failed.current) == (State.FAILED, NOTHING_STORED, None)
    assert failed.last is not None
    assert failed.last.staged is None


@given(keeps(), st.sampled_from(DeletedState))
def test_what_may_be_taken_back_and_is_stored_waits(kept: Kept, state: DeletedState) -> None:
    found = Deleted(KEY, kept, state, "s3", "2026-11-23T10:00:00.000Z")
    after = still_deleted(found, None)
    if state not in (DeletedState.KEPT, DeletedState.RESTORING) or not kept.version.stored:
        assert after is None
        return
    assert after is not None
    assert after.state is DeletedState.KEPT
    assert after.kept == replace(kept, version=replace(kept.version, staged=None))
    # Of one that was being taken back, the item says when the sweeper is to look.
    assert after.due_at == (found.due_at if state is DeletedState.KEPT else kept.due_at)
    assert still_deleted(after, None) == after


def test_what_its_object_has_again_or_has_replaced_since_does_not_wait() -> None:
    stored = version(1, stored=CLUSTERS)
    kept = Kept(stored, "deletion", NOW, NOW, NOW)
    found = Deleted(KEY, kept, DeletedState.RESTORING, "s3", NOW)
    assert still_deleted(found, record(current=stored)) is None
    owed = Removal("s3", stored.id, "x", restored_from="deletion")
    after = record(current=version(2, stored=CLUSTERS), removals=(owed,))
    assert still_deleted(found, after) is None
    another = replace(after, removals=(replace(owed, restored_from="an earlier deletion"),))
    assert still_deleted(found, another) is not None


def test_what_is_given_up_keeps_what_was_deleted_before() -> None:
    kept = Kept(version(2, stored=["s3"]), "deletion", NOW, NOW, NOW)
    failed = given_up(replace(record(State.CREATED, version(1)), kept=(kept,)))
    assert [one.version.id for one in failed.kept] == [kept.version.id]
