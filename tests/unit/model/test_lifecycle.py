"""The life of an object: what its transitions promise, however they follow each other."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcos.errors import Conflict, McosError, ObjectExists, ObjectNotFound, Superseded
from mcos.model import lifecycle
from mcos.model.kept import Grace, Kept
from mcos.model.lifecycle import Outcome
from mcos.model.objects import ObjectRecord, State
from mcos.model.versions import Removal, Stored, Version
from tests.support.builders import (
    CLUSTERS,
    KEY,
    NOW,
    all_paid,
    incarnation,
    record,
    stored,
    version,
)

ALL = set(CLUSTERS)

Kind = Literal["wait", "respond-async", "upload"]
"""How a version comes: an upload is asynchronous and not digested yet."""


def new_version(number: int, kind: Kind) -> Version:
    """The version of that number, with nothing stored."""
    if kind == "upload":
        return replace(version(number, "respond-async"), digested=False, md5="", sha256="")
    return version(number, kind)


def ids(removals: Iterable[Removal]) -> list[str]:
    """The versions that the removals speak of, in order, each once."""
    return list(dict.fromkeys(one.version for one in removals))


@dataclass
class Life:
    """An object that transitions are applied to, and what is known of every version.

    Attributes
    ----------
    taken
        Every version that was accepted, by id; ids grow.
    displacing
        Those that may displace what was acknowledged before them: acknowledged themselves, or
        promoted.
    abandoned, deleted
        Those that may be dropped because they were given up, or the object was deleted.
    waiting
        Deleted versions that left the record and may be taken back, by id.
    kept
        All that were ever kept.
    """

    record: ObjectRecord | None = None
    taken: dict[str, Version] = field(default_factory=dict)
    disposed: set[str] = field(default_factory=set)
    abandoned: set[str] = field(default_factory=set)
    displacing: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    waiting: dict[str, Kept] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    deletions: int = 0

    def take(self, kind: Kind) -> None:
        """A create where there is nothing, else an update."""
        new = new_version(len(self.taken) + 1, kind)
        before = self.record
        if before is None or before.state in (State.DELETING, State.FAILED):
            self.record = lifecycle.accept_create(before, new, key=KEY, cluster="s3")
            again = lifecycle.accept_create(self.record, new, key=KEY, cluster="swift")
        else:
            try:
                self.record = lifecycle.accept_update(before, new, cluster="s3")
            except McosError:
                assert len(before.pending) >= 8
                return
            again = lifecycle.accept_update(self.record, new, cluster="swift")
        assert again is self.record
        self.taken[new.id] = new
        self.displacing |= {new.id} if kind == "respond-async" else set()

    def digest(self, number: int) -> None:
        known = self.taken.get(f"{number:026}")
        if known is None or known.mode == "wait":
            return
        before = self.record
        digested = replace(known, md5="0" * 32, sha256="digest", digested=True)
        self.record = lifecycle.record_digests(before, digested)
        assert lifecycle.record_digests(self.record, digested) is self.record
        if self.record is not before:
            self.displacing.add(known.id)

    def delete(self, keeping: bool) -> None:
        self.deletions += 1
        grace = Grace(f"{self.deletions:026}", NOW) if keeping else None
        if self.record and len(self.record.kept) >= 8:
            return
        try:
            following = lifecycle.accept_delete(self.record, cluster="s3", at=NOW, grace=grace)
        except ObjectNotFound:
            assert self.record is None
            return
        assert lifecycle.accept_delete(following, cluster="swift", at=NOW) is following
        self.record = following
        self.deleted |= set(self.taken)
        self.kept |= {one.version.id for one in following.kept}

    def undelete(self, number: int) -> None:
        kept, before = self.waiting.get(f"{number:026}"), self.record
        if kept is None:
            return
        others = {name: f"{name}-again-{self.deletions}" for name in CLUSTERS}
        try:
            self.record = lifecycle.accept_undelete(
                before, kept, key=KEY, cluster="s3", incarnations=others
            )
        except ObjectExists:
            assert before is not None
            assert before.state not in (State.DELETING, State.FAILED)
            return
        del self.waiting[kept.version.id]
        back = self.record.current
        assert back is not None
        assert back.stored == kept.version.stored
        # No copy that is written late is taken for one of its own.
        lost = {one.incarnation for one in kept.version.replicas.values() if not one.stored}
        assert not lost & {one.incarnation for one in back.replicas.values()}

    def commit(self, number: int, clusters: set[str]) -> None:
        version_id, copies = f"{number:026}", stored(clusters, number)
        found = self.record.find(version_id) if self.record else None
        if found is not None and not found.digested:
            return  # the state machine digests first
        self.record, outcome = lifecycle.commit(self.record, version_id, copies)
        again, repeated = lifecycle.commit(self.record, version_id, copies)
        assert again is self.record
        assert repeated is outcome
        if self.record and self.record.current and self.record.current.id == version_id:
            self.displacing.add(version_id)

    def abandon(self, number: int, forget: bool) -> None:
        version_id = f"{number:026}"
        known = self.taken.get(version_id)
        if known is None or version_id in self.displacing:
            return  # what readers see is given up only if its content was lost
        before = self.record
        self.record, outcome = lifecycle.abandon(before, version_id, reason="why", forget=forget)
        again, _ = lifecycle.abandon(self.record, version_id, reason="why", forget=forget)
        assert again is self.record
        if outcome is Outcome.INCOMPLETE:
            self.abandoned.add(version_id)

    def dispose(self) -> None:
        if self.record is not None:
            self.disposed |= set(ids(self.dropped(self.record.removals)))
            self.waiting |= {one.version.id: one for one in self.record.kept}
            self.record = all_paid(self.record)

    def touch(self) -> None:
        touched = lifecycle.touch(self.record)
        if self.record is not None:
            assert touched is not None
            assert touched == replace(self.record, sweeps=self.record.sweeps + 1)
        self.record = touched

    def dropped(self, removals: Iterable[Removal]) -> list[Removal]:
        """Without those of copies that a version which is kept did not have yet."""
        return [one for one in removals if one.version not in self.kept or one.restored_from]

    def places(self) -> dict[str, list[str]]:
        """For each version ever accepted, where it is."""
        places: dict[str, list[str]] = {one: [] for one in self.taken}
        for gone in self.disposed:
            places[gone].append("dropped")
        for away in self.waiting:
            places[away].append("kept")
        if self.record is not None:
            for waiting in self.record.pending:
                places[waiting.id].append("pending")
            for owed in ids(self.dropped(self.record.removals)):
                places[owed].append("dropped")
            for one in self.record.kept:
                places[one.version.id].append("kept")
            if self.record.current is not None:
                places[self.record.current.id].append("current")
            if self.record.previous is not None:
                places[self.record.previous.id].append("previous")
        return places

    def check(self) -> None:
        for one, where in self.places().items():
            assert len(where) == 1, (one, where)
            if where[0] == "dropped" and one not in self.deleted | self.abandoned:
                waited = self.taken[one].mode == "wait"
                displacing = set(self.taken) if waited else self.displacing
                assert any(later > one for later in displacing), f"{one} was dropped"
        if self.record is None:
            return
        here = self.record
        current = here.current
        assert len(here.pending) <= 8
        assert [one.id for one in here.pending] == sorted(one.id for one in here.pending)
        assert not any(one.is_acknowledged for one in here.pending)
        assert [one.mode for one in here.pending].count("wait") <= 1
        if current is not None:
            assert current.is_complete or current.is_acknowledged
            assert all(one.id > current.id for one in here.pending)
        if here.previous is not None:
            assert current is not None
            assert here.previous.id < current.id
            assert here.previous.is_readable
            assert not current.is_readable
        settled = current is not None and current.is_complete and not here.pending
        assert (here.state is State.CREATED) == settled
        if here.state in (State.DELETING, State.FAILED):
            assert current is None
            assert here.pending == ()
            assert here.last is not None
        assert here.shown.id in self.taken
        assert here.latest.id in self.taken


NUMBERS = st.integers(1, 6)
KINDS = st.sampled_from(["wait", "respond-async", "upload"])
STEPS = st.one_of(
    st.tuples(st.just("take"), KINDS),
    st.tuples(st.just("take"), KINDS),
    st.tuples(st.just("digest"), NUMBERS),
    st.tuples(st.just("commit"), NUMBERS, st.sets(st.sampled_from(CLUSTERS))),
    st.tuples(st.just("commit"), NUMBERS, st.just(ALL)),
    st.tuples(st.just("abandon"), NUMBERS, st.booleans()),
    st.tuples(st.just("delete"), st.booleans()),
    st.tuples(st.just("delete"), st.just(True)),
    st.tuples(st.just("undelete"), NUMBERS),
    st.tuples(st.just("dispose")),
    st.tuples(st.just("touch")),
)


@given(steps=st.lists(STEPS, max_size=25))
def test_every_life_keeps_every_promise_and_every_step_may_be_repeated(
    steps: list[tuple[object, ...]],
) -> None:
    life = Life()
    for name, *arguments in steps:
        getattr(life, str(name))(*arguments)
        life.check()


@given(
    kinds=st.lists(KINDS, min_size=1, max_size=4),
    order=st.permutations(range(1, 5)),
)
def test_once_all_is_stored_the_version_accepted_last_is_what_readers_see(
    kinds: list[Kind], order: list[int]
) -> None:
    life = Life()
    for kind in kinds:
        life.take(kind)
    for number in order:
        if number <= len(kinds):
            life.digest(number)
            life.check()
            life.commit(number, ALL)
            life.check()
    assert life.record is not None
    assert life.record.state is State.CREATED
    assert life.record.current is not None
    assert life.record.current.id == f"{len(kinds):026}"


def test_what_was_acknowledged_is_what_readers_see_and_the_stored_one_stays_beside_it() -> None:
    old = version(1, stored=ALL)
    here = lifecycle.accept_update(record(current=old), version(2), cluster="s3")
    assert (here.state, here.current, here.previous) == (State.UPDATING, version(2), old)
    assert not here.owes
    here = lifecycle.accept_update(here, version(3), cluster="s3")
    assert (here.current, here.previous) == (version(3), old)
    assert ids(here.removals) == [version(2).id]
    after, _ = lifecycle.commit(here, version(3).id, stored({"s3"}, 3))
    assert after is not None
    assert after.previous == old
    after, outcome = lifecycle.commit(after, version(3).id, stored({"ceph"}, 3))
    assert after is not None
    assert (after.state, outcome, after.previous) == (State.UPDATING, Outcome.INCOMPLETE, None)
    assert ids(after.removals) == [version(2).id, old.id]
    after, outcome = lifecycle.commit(after, version(3).id, stored({"swift"}, 3))
    assert after is not None
    assert (after.state, outcome) == (State.CREATED, Outcome.COMMITTED)


def test_an_upload_is_seen_from_its_digests_on() -> None:
    old, upload = version(1, stored=ALL), new_version(2, "upload")
    here = lifecycle.accept_update(record(current=old), upload, cluster="s3")
    assert (here.current, here.pending) == (old, (upload,))
    after = lifecycle.record_digests(here, version(2))
    assert after is not None
    assert after.current is not None
    assert (after.current.id, after.previous, after.pending) == (upload.id, old, ())


def test_a_sync_update_that_fails_leaves_the_async_one_before_it() -> None:
    old, taken, failing = version(1, stored=ALL), version(2), version(3, "wait")
    here = lifecycle.accept_update(record(current=old), taken, cluster="s3")
    here = lifecycle.accept_update(here, failing, cluster="s3")
    assert (here.current, here.previous, here.pending) == (taken, old, (failing,))
    after, outcome = lifecycle.abandon(here, failing.id, reason="why", forget=True)
    assert outcome is Outcome.INCOMPLETE
    assert after is not None
    assert (after.current, after.previous, after.pending) == (taken, old, ())
    assert ids(after.removals) == [failing.id]


def test_what_was_acknowledged_and_lost_in_staging_gives_way_to_what_is_stored() -> None:
    old = version(1, stored=ALL)
    here = lifecycle.accept_update(record(current=old), version(2), cluster="s3")
    after, outcome = lifecycle.abandon(here, version(2).id, reason="it is gone", forget=False)
    assert after is not None
    assert outcome is Outcome.INCOMPLETE
    assert (after.state, after.current, after.previous) == (State.CREATED, old, None)
    alone = lifecycle.accept_create(None, version(1), key=KEY, cluster="s3")
    failed, _ = lifecycle.abandon(alone, version(1).id, reason="it is gone", forget=False)
    assert failed is not None
    assert (failed.state, failed.current, failed.reason) == (State.FAILED, None, "it is gone")
    held, _ = lifecycle.commit(alone, version(1).id, stored({"s3"}))
    same, outcome = lifecycle.abandon(held, version(1).id, reason="it is gone", forget=False)
    assert same is held
    assert outcome is Outcome.COMMITTED


def test_an_async_update_supersedes_whatever_is_pending() -> None:
    here = lifecycle.accept_create(None, version(1), key=KEY, cluster="s3")
    here = lifecycle.accept_update(here, new_version(2, "upload"), cluster="s3")
    here = lifecycle.accept_update(here, version(3, "wait"), cluster="s3")
    here = lifecycle.accept_update(here, version(4), cluster="s3")
    assert (here.current, here.previous, here.pending) == (version(4), None, ())
    assert sorted(ids(here.removals)) == [version(number).id for number in (1, 2, 3)]


def test_a_write_that_was_accepted_and_superseded_is_told_so_when_it_is_tried_again() -> None:
    here = lifecycle.accept_create(None, version(1), key=KEY, cluster="s3")
    here = lifecycle.accept_update(here, version(2), cluster="s3")
    with pytest.raises(Superseded):
        lifecycle.accept_create(here, version(1), key=KEY, cluster="s3")
    here = lifecycle.accept_update(here, version(3), cluster="s3")
    with pytest.raises(Superseded):
        lifecycle.accept_update(here, version(2), cluster="s3")


def test_an_async_version_does_without_staging_from_two_replicas_on() -> None:
    here: ObjectRecord | None = lifecycle.accept_create(None, version(1), key=KEY, cluster="s3")
    for clusters, readable, state in (
        ({"s3"}, False, State.CREATING),
        ({"ceph"}, True, State.CREATING),
        ({"swift"}, True, State.CREATED),
    ):
        here, _ = lifecycle.commit(here, version(1).id, stored(clusters))
        assert here is not None
        assert here.current is not None
        assert (here.current.is_readable, here.state) == (readable, state)


def test_a_version_of_an_earlier_release_that_waits_is_seen_once_two_replicas_are_stored() -> None:
    here: ObjectRecord | None = record(State.CREATING, pending=(version(1),))
    here, outcome = lifecycle.commit(here, version(1).id, stored({"s3"}))
    assert here is not None
    assert (here.current, outcome) == (None, Outcome.INCOMPLETE)
    here, outcome = lifecycle.commit(here, version(1).id, stored({"ceph"}))
    assert here is not None
    assert here.current is not None
    assert here.current.stored == ("ceph", "s3")
    assert (here.state, outcome) == (State.CREATING, Outcome.INCOMPLETE)


def test_a_sync_version_is_seen_only_when_it_is_complete() -> None:
    here = record(State.CREATING, pending=(version(1, "wait"),))
    after, outcome = lifecycle.commit(here, version(1).id, stored({"s3", "swift"}))
    assert after is here
    assert outcome is Outcome.INCOMPLETE
    after, outcome = lifecycle.commit(here, version(1).id, stored(ALL))
    assert after is not None
    assert (after.state, outcome) == (State.CREATED, Outcome.COMMITTED)


def test_a_cluster_that_was_never_asked_stores_nothing() -> None:
    here = lifecycle.accept_create(None, version(1), key=KEY, cluster="s3")
    after, outcome = lifecycle.commit(here, version(1).id, stored({"elsewhere"}))
    assert after is here
    assert outcome is Outcome.INCOMPLETE


def test_a_copy_that_another_has_replaced_does_not_count() -> None:
    here = lifecycle.accept_create(None, version(1), key=KEY, cluster="s3")
    after, outcome = lifecycle.commit(here, version(1).id, {"s3": Stored("an earlier copy")})
    assert after is here
    assert outcome is Outcome.INCOMPLETE


@pytest.mark.parametrize("state", [State.CREATING, State.CREATED, State.UPDATING])
def test_an_object_is_created_once(state: State) -> None:
    current = version(1, stored=ALL)
    here = record(state, current=current)
    with pytest.raises(ObjectExists):
        lifecycle.accept_create(here, version(2), key=KEY, cluster="s3")


def test_what_is_being_deleted_can_be_created_anew_and_still_owes_what_it_owed() -> None:
    here = lifecycle.accept_delete(record(current=version(1, stored=ALL)), cluster="s3", at=NOW)
    with pytest.raises(ObjectNotFound):
        lifecycle.accept_update(here, version(2), cluster="s3")
    again = lifecycle.accept_create(here, version(2), key=KEY, cluster="s3")
    assert (again.state, again.current) == (State.CREATING, version(2))
    assert again.removals == here.removals
    assert all_paid(again) is not None


def test_a_record_has_a_bound() -> None:
    owed = tuple(Removal("s3", version(number).id, "copy") for number in range(1, 200))
    with pytest.raises(Conflict):
        lifecycle.accept_update(
            record(current=version(200, stored=ALL), removals=owed), version(201), cluster="s3"
        )
    here = record(current=version(1, stored=ALL))
    for number in range(2, 10):
        here = lifecycle.accept_update(here, new_version(number, "upload"), cluster="s3")
    with pytest.raises(Conflict):
        lifecycle.accept_update(here, new_version(10, "upload"), cluster="s3")
    # What readers see from now on takes the place of all of them.
    assert lifecycle.accept_update(here, version(10), cluster="s3").pending == ()


def test_what_failed_can_be_created_again_and_still_owes_what_it_owed() -> None:
    here, _ = lifecycle.abandon(
        record(State.CREATING, pending=(version(1, "wait"),)),
        version(1).id,
        reason="no room",
        forget=False,
    )
    assert here is not None
    assert (here.state, here.reason) == (State.FAILED, "no room")
    with pytest.raises(ObjectNotFound):
        lifecycle.accept_update(here, version(2), cluster="s3")
    again = lifecycle.accept_create(here, version(2), key=KEY, cluster="s3")
    assert (again.state, again.reason) == (State.CREATING, None)
    assert ids(again.removals) == [version(1).id]


def test_an_object_that_lost_its_last_version_is_forgotten_or_kept_as_failed() -> None:
    here = record(State.CREATING, pending=(version(1, "wait"),))
    gone, _ = lifecycle.abandon(here, version(1).id, reason="why", forget=True)
    kept, _ = lifecycle.abandon(here, version(1).id, reason="why", forget=False)
    assert gone is not None
    assert kept is not None
    assert (gone.state, kept.state) == (State.DELETING, State.FAILED)
    assert all_paid(gone) is None
    assert all_paid(kept) is not None


def test_what_was_committed_at_the_last_moment_is_not_given_up() -> None:
    here = record(current=version(1, "wait", stored=ALL))
    after, outcome = lifecycle.abandon(here, version(1).id, reason="why", forget=True)
    assert after is here
    assert outcome is Outcome.COMMITTED


def test_a_delete_owes_the_removal_of_everything_and_still_shows_what_was_there() -> None:
    current, pending = version(1, stored=ALL), version(2)
    here = lifecycle.accept_delete(
        record(State.UPDATING, current=current, pending=(pending,)), cluster="ceph", at=NOW
    )
    assert (here.state, here.sweeper) == (State.DELETING, "ceph")
    assert ids(here.removals) == [current.id, pending.id]
    assert here.unstagings == (current.staged, pending.staged)
    assert here.shown == current
    for number in (1, 2):
        after, outcome = lifecycle.commit(here, version(number).id, stored(ALL, number))
        assert after is here
        assert outcome is Outcome.SUPERSEDED


def test_nothing_is_committed_or_given_up_where_there_is_no_object() -> None:
    assert lifecycle.commit(None, version(1).id, stored(ALL)) == (None, Outcome.GONE)
    gone = lifecycle.abandon(None, version(1).id, reason="why", forget=True)
    assert gone == (None, Outcome.GONE)
    assert lifecycle.touch(None) is None


def test_the_cluster_that_accepts_a_change_looks_after_it() -> None:
    here = lifecycle.accept_create(None, version(1), key=KEY, cluster="ceph")
    assert here.sweeper == "ceph"
    assert lifecycle.accept_update(here, version(2), cluster="swift").sweeper == "swift"


def test_a_removal_names_the_copy_and_says_whether_its_write_may_still_be_running() -> None:
    here = lifecycle.accept_create(None, version(1, stored={"s3"}), key=KEY, cluster="s3")
    here = lifecycle.accept_update(here, version(2), cluster="s3")
    assert here.removals == tuple(
        Removal(name, version(1).id, incarnation(name), late=name != "s3") for name in CLUSTERS
    )
    assert here.unstagings == (version(1).staged,)


def test_what_is_deleted_and_kept_owes_only_what_was_not_stored_of_it() -> None:
    current, old = version(2, stored={"s3"}), version(1, stored=ALL)
    here = replace(
        record(State.UPDATING, current=current, pending=(version(3, "wait"),)), previous=old
    )
    grace = Grace("0" * 26, "2026-11-23T10:00:00.000Z")
    after = lifecycle.accept_delete(here, cluster="ceph", at=NOW, grace=grace)
    assert (after.state, after.current, after.previous) == (State.DELETING, None, None)
    (kept,) = after.kept
    assert (kept.version, kept.deletion, kept.due_at) == (current, *grace)
    unstored = [one for one in after.removals if one.version == current.id]
    assert [(one.cluster, one.late) for one in unstored] == [("ceph", True), ("swift", True)]
    assert {one.version for one in after.removals} == {one.id for one in (old, current, version(3))}
    assert current.staged not in after.unstagings
    assert all_paid(after) is None
    assert lifecycle.pay(after, after.removals, after.unstagings) is not None
    assert ObjectRecord.from_json(after.as_json()) == after


def test_a_version_that_readers_did_not_see_is_not_kept() -> None:
    here = record(State.CREATING, pending=(version(1, "wait"),))
    after = lifecycle.accept_delete(here, cluster="s3", at=NOW, grace=Grace("0" * 26, NOW))
    assert after.kept == ()
    assert ids(after.removals) == [version(1).id]


def test_too_many_kept_versions_are_a_conflict() -> None:
    here: ObjectRecord | None = None
    for number in range(1, 9):
        new = version(number, "respond-async", stored=ALL)
        here = lifecycle.accept_create(here, new, key=KEY, cluster="s3")
        grace = Grace(f"{number:026}", NOW)
        here = lifecycle.accept_delete(here, cluster="s3", at=NOW, grace=grace)
    with pytest.raises(Conflict):
        lifecycle.accept_create(here, version(9), key=KEY, cluster="s3")


EARLY, LATE = "2026-12-01T00:00:00.000Z", "2026-12-02T00:00:00.000Z"


def retained(number: int, until: str | None, kind: Kind = "respond-async") -> Version:
    return replace(new_version(number, kind), retained_until=until)


def test_a_record_is_retained_for_what_was_taken_the_longest_counts() -> None:
    taken = retained(2, LATE, "upload")
    for current, pending, until in (
        (retained(1, None), (), None),
        (retained(1, EARLY), (), EARLY),
        (retained(1, EARLY), (retained(2, LATE, "wait"),), EARLY),
        (retained(1, EARLY), (taken,), LATE),
        (retained(1, None), (taken,), LATE),
        (None, (taken,), LATE),
        (None, (retained(2, LATE, "wait"),), None),
    ):
        assert record(current=current, pending=pending).retained_until == until
    assert record(State.FAILED, last=retained(1, LATE)).retained_until is None
    deleted = lifecycle.accept_delete(
        record(current=retained(1, LATE)), cluster="s3", at=NOW, grace=Grace("1", NOW)
    )
    assert deleted.retained_until is None


def test_a_retention_is_recorded_wherever_the_version_is_and_nowhere_else() -> None:
    here = record(current=retained(1, EARLY), pending=(retained(2, None, "upload"),))
    after = lifecycle.retain(here, f"{2:026}", LATE)
    assert after is not None
    assert after.pending == (retained(2, LATE, "upload"),)
    assert after.current == here.current
    assert lifecycle.retain(after, f"{2:026}", LATE) is after
    assert lifecycle.retain(here, f"{3:026}", LATE) is here
    assert lifecycle.retain(None, f"{1:026}", LATE) is None
    shortened = lifecycle.retain(here, f"{1:026}", None)
    assert shortened == replace(here, current=retained(1, None))
    assert ObjectRecord.from_json(after.as_json()) == after
