"""The life of an object: what its transitions promise, however they follow each other."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcos.errors import McosError, ObjectBeingDeleted, ObjectExists, ObjectNotFound, Superseded
from mcos.model import lifecycle
from mcos.model.lifecycle import Outcome
from mcos.model.objects import ObjectRecord, State, Version
from mcos.settings import Mode
from tests.support.builders import CLUSTERS, KEY, NOW, all_dropped, record, version

ALL = set(CLUSTERS)


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
    """

    record: ObjectRecord | None = None
    taken: dict[str, Version] = field(default_factory=dict)
    disposed: set[str] = field(default_factory=set)
    abandoned: set[str] = field(default_factory=set)
    displacing: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)

    def take(self, mode: Mode) -> None:
        """A create where there is nothing, else an update."""
        new = version(len(self.taken) + 1, mode)
        before = self.record
        try:
            if before is None or before.state is State.FAILED:
                self.record = lifecycle.accept_create(before, new, key=KEY, cluster="s3")
                again = lifecycle.accept_create(self.record, new, key=KEY, cluster="swift")
            else:
                self.record = lifecycle.accept_update(before, new, cluster="s3")
                again = lifecycle.accept_update(self.record, new, cluster="swift")
        except McosError:
            assert before is not None
            assert before.state is State.DELETING
            return
        assert again is self.record
        self.taken[new.id] = new
        self.displacing |= {new.id} if mode == "respond-async" else set()

    def delete(self) -> None:
        try:
            following = lifecycle.accept_delete(self.record, cluster="s3", at=NOW)
        except ObjectNotFound:
            assert self.record is None
            return
        assert lifecycle.accept_delete(following, cluster="swift", at=NOW) is following
        self.record = following
        self.deleted |= set(self.taken)

    def commit(self, number: int, stored: set[str]) -> None:
        version_id = f"{number:026}"
        self.record, outcome = lifecycle.commit(self.record, version_id, stored)
        again, repeated = lifecycle.commit(self.record, version_id, stored)
        assert again is self.record
        assert repeated is outcome
        if self.record and self.record.current and self.record.current.id == version_id:
            self.displacing.add(version_id)

    def abandon(self, number: int, forget: bool) -> None:
        version_id = f"{number:026}"
        known = self.taken.get(version_id)
        if known is None or known.mode == "respond-async":
            return  # nobody gives up what was acknowledged
        before = self.record
        self.record, outcome = lifecycle.abandon(before, version_id, reason="why", forget=forget)
        again, _ = lifecycle.abandon(self.record, version_id, reason="why", forget=forget)
        assert again is self.record
        if outcome is Outcome.INCOMPLETE:
            self.abandoned.add(version_id)

    def dispose(self) -> None:
        if self.record is not None:
            self.disposed |= {one.id for one in self.record.obsolete}
            self.record = all_dropped(self.record)

    def touch(self) -> None:
        touched = lifecycle.touch(self.record)
        if self.record is not None:
            assert touched is not None
            assert touched is not self.record
            assert touched == self.record
        self.record = touched

    def places(self) -> dict[str, list[str]]:
        """For each version ever accepted, where it is."""
        places: dict[str, list[str]] = {one: [] for one in self.taken}
        for one in self.disposed:
            places[one].append("disposed")
        if self.record is not None:
            for waiting in self.record.pending:
                places[waiting.id].append("pending")
            for owed in self.record.obsolete:
                places[owed.id].append("obsolete")
            if self.record.current is not None:
                places[self.record.current.id].append("current")
        return places

    def check(self) -> None:
        for one, where in self.places().items():
            assert len(where) == 1, (one, where)
            if where[0] in ("obsolete", "disposed") and one not in self.deleted | self.abandoned:
                waited = self.taken[one].mode == "wait"
                displacing = set(self.taken) if waited else self.displacing
                assert any(later > one for later in displacing), f"{one} was dropped"
        if self.record is None:
            return
        here = self.record
        current = here.current
        assert len(here.pending) <= 2
        assert [one.id for one in here.pending] == sorted(one.id for one in here.pending)
        if len(here.pending) == 2:
            assert [one.mode for one in here.pending] == ["respond-async", "wait"]
        if current is not None:
            assert current.is_readable
            assert current.is_complete or current.mode == "respond-async"
            assert all(one.id > current.id for one in here.pending)
        settled = current is not None and current.is_complete and not here.pending
        assert (here.state is State.CREATED) == settled
        if here.state in (State.DELETING, State.FAILED):
            assert current is None
            assert here.pending == ()
            assert here.last is not None
        assert here.shown.id in self.taken
        assert here.latest.id in self.taken


NUMBERS = st.integers(1, 6)
STEPS = st.one_of(
    st.tuples(st.just("take"), st.sampled_from(["wait", "respond-async"])),
    st.tuples(st.just("take"), st.sampled_from(["wait", "respond-async"])),
    st.tuples(st.just("commit"), NUMBERS, st.sets(st.sampled_from(CLUSTERS))),
    st.tuples(st.just("commit"), NUMBERS, st.just(ALL)),
    st.tuples(st.just("abandon"), NUMBERS, st.booleans()),
    st.tuples(st.just("delete")),
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
    modes=st.lists(st.sampled_from(["wait", "respond-async"]), min_size=1, max_size=4),
    order=st.permutations(range(1, 5)),
)
def test_once_all_is_stored_the_version_accepted_last_is_what_readers_see(
    modes: list[Mode], order: list[int]
) -> None:
    life = Life()
    for mode in modes:
        life.take(mode)
    for number in order:
        if number <= len(modes):
            life.commit(number, ALL)
            life.check()
    assert life.record is not None
    assert life.record.state is State.CREATED
    assert life.record.current is not None
    assert life.record.current.id == f"{len(modes):026}"


def test_a_sync_update_that_fails_leaves_the_async_one_before_it() -> None:
    old, taken, failing = version(1, stored=ALL), version(2), version(3, "wait")
    here = lifecycle.accept_update(record(current=old), taken, cluster="s3")
    here = lifecycle.accept_update(here, failing, cluster="s3")
    assert [one.id for one in here.pending] == [taken.id, failing.id]
    after, outcome = lifecycle.abandon(here, failing.id, reason="why", forget=True)
    assert outcome is Outcome.INCOMPLETE
    assert after is not None
    assert after.current == old
    assert after.pending == (taken,)
    assert [one.id for one in after.obsolete] == [failing.id]


def test_an_async_update_supersedes_whatever_is_pending() -> None:
    here = record(State.CREATING, pending=(version(1),))
    here = lifecycle.accept_update(here, version(2, "wait"), cluster="s3")
    here = lifecycle.accept_update(here, version(3), cluster="s3")
    assert [one.id for one in here.pending] == [version(3).id]
    assert [one.id for one in here.obsolete] == [version(1).id, version(2).id]


def test_a_write_that_was_accepted_and_superseded_is_told_so_when_it_is_tried_again() -> None:
    here = record(State.CREATING, pending=(version(1),))
    here = lifecycle.accept_update(here, version(2), cluster="s3")
    with pytest.raises(Superseded):
        lifecycle.accept_create(here, version(1), key=KEY, cluster="s3")
    here = lifecycle.accept_update(here, version(3), cluster="s3")
    with pytest.raises(Superseded):
        lifecycle.accept_update(here, version(2), cluster="s3")


def test_an_async_version_is_readable_with_two_replicas_and_the_object_created_with_three() -> None:
    here: ObjectRecord | None = record(State.CREATING, pending=(version(1),))
    here, outcome = lifecycle.commit(here, version(1).id, {"s3"})
    assert here is not None
    assert (here.current, outcome) == (None, Outcome.INCOMPLETE)
    here, outcome = lifecycle.commit(here, version(1).id, {"ceph"})
    assert here is not None
    assert here.current is not None
    assert here.current.stored == ("ceph", "s3")
    assert (here.state, outcome) == (State.CREATING, Outcome.INCOMPLETE)
    here, outcome = lifecycle.commit(here, version(1).id, {"swift"})
    assert here is not None
    assert (here.state, outcome) == (State.CREATED, Outcome.COMMITTED)


def test_a_sync_version_is_seen_only_when_it_is_complete() -> None:
    here = record(State.CREATING, pending=(version(1, "wait"),))
    after, outcome = lifecycle.commit(here, version(1).id, {"s3", "swift"})
    assert after is here
    assert outcome is Outcome.INCOMPLETE
    after, outcome = lifecycle.commit(here, version(1).id, ALL)
    assert after is not None
    assert (after.state, outcome) == (State.CREATED, Outcome.COMMITTED)


def test_a_cluster_that_was_never_asked_stores_nothing() -> None:
    here = record(State.CREATING, pending=(version(1),))
    after, outcome = lifecycle.commit(here, version(1).id, {"elsewhere"})
    assert after is here
    assert outcome is Outcome.INCOMPLETE


@pytest.mark.parametrize("state", [State.CREATING, State.CREATED, State.UPDATING])
def test_an_object_is_created_once(state: State) -> None:
    current = version(1, stored=ALL)
    here = record(state, current=current)
    with pytest.raises(ObjectExists):
        lifecycle.accept_create(here, version(2), key=KEY, cluster="s3")


def test_what_is_on_its_way_out_can_be_neither_created_nor_updated() -> None:
    here = lifecycle.accept_delete(record(current=version(1, stored=ALL)), cluster="s3", at=NOW)
    with pytest.raises(ObjectBeingDeleted):
        lifecycle.accept_create(here, version(2), key=KEY, cluster="s3")
    with pytest.raises(ObjectNotFound):
        lifecycle.accept_update(here, version(2), cluster="s3")


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
    assert [one.id for one in again.obsolete] == [version(1).id]


def test_an_object_that_lost_its_last_version_is_forgotten_or_kept_as_failed() -> None:
    here = record(State.CREATING, pending=(version(1, "wait"),))
    gone, _ = lifecycle.abandon(here, version(1).id, reason="why", forget=True)
    kept, _ = lifecycle.abandon(here, version(1).id, reason="why", forget=False)
    assert gone is not None
    assert kept is not None
    assert (gone.state, kept.state) == (State.DELETING, State.FAILED)
    assert all_dropped(gone) is None
    assert all_dropped(kept) is not None


def test_what_was_committed_at_the_last_moment_is_not_given_up() -> None:
    here = record(current=version(1, "wait", stored=ALL))
    after, outcome = lifecycle.abandon(here, version(1).id, reason="why", forget=True)
    assert after is here
    assert outcome is Outcome.COMMITTED


def test_a_delete_makes_everything_obsolete_and_still_shows_what_was_there() -> None:
    current, pending = version(1, stored=ALL), version(2)
    here = lifecycle.accept_delete(
        record(State.UPDATING, current=current, pending=(pending,)), cluster="ceph", at=NOW
    )
    assert (here.state, here.sweeper) == (State.DELETING, "ceph")
    assert [one.id for one in here.obsolete] == [current.id, pending.id]
    assert here.shown == current
    for number in (1, 2):
        after, outcome = lifecycle.commit(here, version(number).id, ALL)
        assert after is here
        assert outcome is Outcome.SUPERSEDED


def test_nothing_is_committed_or_given_up_where_there_is_no_object() -> None:
    assert lifecycle.commit(None, version(1).id, ALL) == (None, Outcome.GONE)
    gone = lifecycle.abandon(None, version(1).id, reason="why", forget=True)
    assert gone == (None, Outcome.GONE)
    assert lifecycle.touch(None) is None


def test_the_cluster_that_accepts_a_change_looks_after_it() -> None:
    here = lifecycle.accept_create(None, version(1), key=KEY, cluster="ceph")
    assert here.sweeper == "ceph"
    assert lifecycle.accept_update(here, version(2), cluster="swift").sweeper == "swift"


def test_what_is_obsolete_keeps_only_what_its_removal_needs() -> None:
    metadata = {f"name-{number}": "v" * 200 for number in range(20)}
    here = record(State.CREATING, pending=(version(1, metadata=metadata),))
    here = lifecycle.accept_update(here, version(2), cluster="s3")
    (obsolete,) = here.obsolete
    assert obsolete.metadata == {}
    assert obsolete.replicas == version(1).replicas
    assert obsolete.staged is not None
