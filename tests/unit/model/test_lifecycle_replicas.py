"""Replicas that move, are lost, or are given to spares: none is ever forgotten."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcos.model import lifecycle
from mcos.model.lifecycle import NewReplica, Outcome
from mcos.model.objects import ObjectRecord, State
from mcos.model.versions import Removal, Replica, Stored, Version
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
SPARES = ("s3-2", "swift-2")
EVERYWHERE = (*CLUSTERS, *SPARES)

Copy = tuple[str, str, str]
"""A version, a cluster and the incarnation that may be there."""

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["update", "commit", "exchange", "move", "lose", "dispose", "delete"]),
        st.integers(1, 3),
        st.sampled_from(EVERYWHERE),
        st.sampled_from(EVERYWHERE),
        st.sampled_from(["wait", "respond-async"]),
    ),
    max_size=25,
)


def kept(here: ObjectRecord | None) -> set[Copy]:
    """The copies of the versions that the record has."""
    if here is None:
        return set()
    return {
        (one.id, cluster, copy)
        for one in here.versions
        for cluster, replica in one.replicas.items()
        for copy in (replica.incarnation, replica.replaces)
        if copy is not None
    }


def owed(here: ObjectRecord | None) -> set[Copy]:
    """The copies that the record owes a removal."""
    return {(one.version, one.cluster, one.incarnation) for one in here.removals} if here else set()


def copies_of(here: ObjectRecord | None, number: int, clusters: set[str]) -> dict[str, Stored]:
    """The copies of a version as the record has them, as stored ones."""
    found = here.find(f"{number:026}") if here else None
    return found.copies(clusters & set(found.replicas)) if found else {}


@given(steps=STEPS)
def test_a_replica_that_may_be_there_is_known_until_its_removal_is_on_its_way(
    steps: list[tuple[str, int, str, str, str]],
) -> None:
    here: ObjectRecord | None = lifecycle.accept_create(None, version(1), key=KEY, cluster="s3")
    written: set[Copy] = kept(here)
    disposed: set[Copy] = set()
    newest = 1
    for at, (step, number, one, other, mode) in enumerate(steps):
        fresh = f"fresh-{at}"
        version_id = f"{number:026}"
        match step:
            case "update" if here is not None and here.state not in (State.DELETING, State.FAILED):
                newest += 1
                here = lifecycle.accept_update(
                    here,
                    version(newest, mode),  # type: ignore[arg-type]
                    cluster="s3",
                )
            case "commit":
                here, _ = lifecycle.commit(here, version_id, copies_of(here, number, {one, other}))
            case "exchange":
                here = lifecycle.exchange(
                    here,
                    version_id,
                    stored=copies_of(here, number, {one}),
                    failed={other},
                    added={SPARES[0]: Replica("s3", fresh)},
                )
            case "move":
                here = lifecycle.move(
                    here, version_id, source=one, target=NewReplica(other, Replica("s3", fresh))
                )
            case "lose":
                found = here.find(version_id) if here else None
                if found is not None and one in found.replicas:
                    copy = found.replicas[one].incarnation
                    here = lifecycle.lose(here, version_id, one, copy=copy, by=fresh)
            case "dispose" if here is not None:
                disposed |= owed(here)
                here = all_paid(here)
            case "delete" if here is not None:
                here = lifecycle.accept_delete(here, cluster="s3", at=NOW)
        written |= kept(here)
        assert written <= kept(here) | owed(here) | disposed
        # What is to be removed is never again what somebody wants.
        assert not kept(here) & (owed(here) | disposed)
        if here is not None and here.state is State.CREATED:
            assert here.current is not None
            assert here.current.is_complete


@given(
    clusters=st.sets(st.sampled_from(EVERYWHERE)),
    source=st.sampled_from(CLUSTERS),
    target=st.sampled_from(SPARES),
)
def test_a_replica_that_moves_leaves_only_when_the_new_one_is_stored(
    clusters: set[str], source: str, target: str
) -> None:
    here = record(current=version(1, stored=ALL))
    moving = lifecycle.move(
        here, version(1).id, source=source, target=NewReplica(target, Replica("s3"))
    )
    assert moving is not None
    assert moving.current is not None
    assert moving.state is State.CREATED
    assert (moving.current.wanted, moving.current.is_complete, moving.is_unsettled) == (
        3,
        True,
        True,
    )
    after, outcome = lifecycle.commit(moving, version(1).id, copies_of(moving, 1, clusters))
    assert after is not None
    assert after.current is not None
    assert outcome is Outcome.COMMITTED
    assert len(after.current.stored) >= 3
    left = source not in after.current.replicas
    assert left == (target in clusters)
    assert after.removals == (
        (Removal(source, version(1).id, incarnation(source), why="moved"),) if left else ()
    )
    assert after.unstagings == ()
    assert after.state is State.CREATED


def test_a_second_move_and_a_move_of_what_is_not_there_change_nothing() -> None:
    here = record(current=version(1, stored=ALL))
    for source, target in (("nowhere", "s3-2"), ("s3", "ceph")):
        same = lifecycle.move(
            here, version(1).id, source=source, target=NewReplica(target, Replica("s3"))
        )
        assert same is here
    once = lifecycle.move(
        here, version(1).id, source="s3", target=NewReplica("s3-2", Replica("s3"))
    )
    again = lifecycle.move(
        once, version(1).id, source="s3", target=NewReplica("swift-2", Replica("swift"))
    )
    assert again is once
    assert (
        lifecycle.move(here, version(9).id, source="s3", target=NewReplica("s3-2", Replica("s3")))
        is here
    )


def test_a_lost_replica_makes_an_object_updating_until_it_is_back() -> None:
    here = record(current=version(1, stored=ALL))
    lost = lifecycle.lose(here, version(1).id, "swift", copy="swift-1", by="another")
    assert lost is not None
    assert lost.current is not None
    assert (lost.state, lost.is_unsettled) == (State.UPDATING, True)
    assert lost.current.missing == ("swift",)
    assert lifecycle.lose(lost, version(1).id, "swift", copy="swift-1", by="a third") is lost
    late, _ = lifecycle.commit(lost, version(1).id, stored({"swift"}))
    assert late is lost
    back, _ = lifecycle.commit(lost, version(1).id, {"swift": Stored("another")})
    assert back is not None
    assert back.state is State.CREATED
    # The damaged copy stayed until then.
    assert lost.removals == ()
    assert back.removals == (Removal("swift", version(1).id, "swift-1", why="damaged"),)


def test_a_copy_that_was_written_wrong_is_removed_and_written_anew() -> None:
    here = lifecycle.accept_create(None, version(1, stored={"s3"}), key=KEY, cluster="s3")
    after = lifecycle.lose(here, version(1).id, "swift", copy="swift-1", by="another")
    assert after is not None
    assert after.current is not None
    assert after.current.replicas["swift"] == Replica("swift", "another")
    assert after.removals == (Removal("swift", version(1).id, "swift-1", late=True, why="damaged"),)


@pytest.mark.parametrize("leaving", [False, True])
def test_the_last_stored_copy_is_never_given_up(leaving: bool) -> None:
    held = version(stored=["s3"])
    if leaving:
        held = replace(
            held, replicas={**held.replicas, "s3": replace(held.replicas["s3"], leaving=True)}
        )
    here = record(State.UPDATING, current=held)
    lost = lifecycle.lose(here, held.id, "s3", copy=incarnation("s3"), by="new")
    assert lost is here


def test_a_replica_that_leaves_and_is_damaged_is_not_written_anew() -> None:
    here = record(current=version(1, stored=ALL))
    moving = lifecycle.move(
        here, version(1).id, source="s3", target=NewReplica("s3-2", Replica("s3", "new"))
    )
    after = lifecycle.lose(moving, version(1).id, "s3", copy="s3-1", by="another")
    assert after is not None
    assert after.current is not None
    assert after.current.replicas["s3"] == Replica("s3", "s3-1", leaving=True)


def test_spares_stand_in_for_targets_that_failed() -> None:
    here = record(State.CREATING, pending=(version(1, "wait"),))
    after = lifecycle.exchange(
        here,
        version(1).id,
        stored=stored({"s3"}),
        failed={"ceph"},
        added={"s3-2": Replica("s3", "s3-2-1")},
    )
    assert after is not None
    (pending,) = after.pending
    assert pending.stored == ("s3",)
    assert set(pending.replicas) == {"s3", "swift", "s3-2"}
    assert after.removals == (Removal("ceph", version(1).id, "ceph-1", late=True),)
    done, outcome = lifecycle.commit(after, version(1).id, stored({"swift", "s3-2"}))
    assert done is not None
    assert (done.state, outcome) == (State.CREATED, Outcome.COMMITTED)


def test_a_version_of_which_a_copy_is_to_be_removed_is_still_the_one_that_was_taken() -> None:
    """A create whose reply was lost is tried again after a spare stood in."""
    here = record(State.CREATING, pending=(version(1, "wait"),))
    after = lifecycle.exchange(
        here, version(1).id, stored={}, failed={"ceph"}, added={"s3-2": Replica("s3")}
    )
    assert lifecycle.accept_update(after, version(1, "wait"), cluster="s3") is after


def test_only_a_version_of_which_nothing_is_stored_is_placed_again() -> None:
    elsewhere = replace(version(1), replicas={name: Replica("x") for name in SPARES})
    waiting = record(State.CREATING, pending=(version(1),))
    placed = lifecycle.place_again(waiting, elsewhere)
    assert placed is not None
    assert placed.pending == (elsewhere,)
    seen = lifecycle.accept_create(None, version(1), key=KEY, cluster="s3")
    again = lifecycle.place_again(seen, elsewhere)
    assert again is not None
    assert again.current == elsewhere
    promoted = record(current=version(1, stored=ALL))
    assert lifecycle.place_again(promoted, elsewhere) is promoted
    assert lifecycle.place_again(None, elsewhere) is None


def test_who_reads_knows_how_many_replicas_are_enough() -> None:
    def of(readable_from: int, *stored: str) -> Version:
        return replace(version(1, stored=stored), readable_from=readable_from)

    assert not of(2, "s3").is_readable
    assert of(2, "s3", "ceph").is_readable
    assert of(1, "s3").is_readable
    assert not of(3, "s3", "ceph").is_readable
    assert of(9, *CLUSTERS).is_readable
