"""Replicas that move, are lost, or are given to spares: none is ever forgotten."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mcos.model import lifecycle
from mcos.model.lifecycle import NewReplica, Outcome
from mcos.model.objects import ObjectRecord, Replica, State, Version
from tests.support.builders import CLUSTERS, KEY, NOW, all_dropped, record, version

ALL = set(CLUSTERS)
SPARES = ("s3-2", "swift-2")
EVERYWHERE = (*CLUSTERS, *SPARES)

Pair = tuple[str, str]
"""A version and a cluster that may hold a replica of it."""

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


def known(here: ObjectRecord | None) -> set[Pair]:
    """What the record speaks of, alive or owed a removal."""
    if here is None:
        return set()
    versions = (here.current, *here.pending, *here.obsolete)
    return {(one.id, cluster) for one in versions if one is not None for cluster in one.replicas}


@given(steps=STEPS)
def test_a_replica_that_may_be_there_is_known_until_its_removal_is_on_its_way(
    steps: list[tuple[str, int, str, str, str]],
) -> None:
    here: ObjectRecord | None = lifecycle.accept_create(None, version(1), key=KEY, cluster="s3")
    written: set[Pair] = known(here)
    disposed: set[Pair] = set()
    newest = 1
    for step, number, one, other, mode in steps:
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
                here, _ = lifecycle.commit(here, version_id, {one, other})
            case "exchange":
                here = lifecycle.exchange(
                    here, version_id, stored={one}, failed={other}, added={SPARES[0]: Replica("s3")}
                )
            case "move":
                here = lifecycle.move(
                    here, version_id, source=one, target=NewReplica(other, Replica("s3"))
                )
            case "lose":
                here = lifecycle.lose(here, version_id, one)
            case "dispose" if here is not None:
                disposed |= {(v.id, c) for v in here.obsolete for c in v.replicas}
                here = all_dropped(here)
            case "delete" if here is not None:
                here = lifecycle.accept_delete(here, cluster="s3", at=NOW)
        written |= known(here)
        assert written <= known(here) | disposed
        if here is not None and here.state is State.CREATED:
            assert here.current is not None
            assert here.current.is_complete


@given(
    stored=st.sets(st.sampled_from(EVERYWHERE)),
    source=st.sampled_from(CLUSTERS),
    target=st.sampled_from(SPARES),
)
def test_a_replica_that_moves_leaves_only_when_the_new_one_is_stored(
    stored: set[str], source: str, target: str
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
    after, outcome = lifecycle.commit(moving, version(1).id, stored)
    assert after is not None
    assert after.current is not None
    assert outcome is Outcome.COMMITTED
    assert len(after.current.stored) >= 3
    left = source not in after.current.replicas
    assert left == (target in stored)
    assert [set(one.replicas) for one in after.obsolete] == ([{source}] if left else [])
    assert all(one.staged is None for one in after.obsolete)
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
    lost = lifecycle.lose(here, version(1).id, "swift")
    assert lost is not None
    assert lost.current is not None
    assert (lost.state, lost.is_unsettled) == (State.UPDATING, True)
    assert lost.current.missing == ("swift",)
    assert lifecycle.lose(lost, version(1).id, "swift") is lost
    back, _ = lifecycle.commit(lost, version(1).id, {"swift"})
    assert back is not None
    assert (back.state, back.is_unsettled) == (State.CREATED, False)


def test_spares_stand_in_for_targets_that_failed() -> None:
    here = record(State.CREATING, pending=(version(1, "wait"),))
    after = lifecycle.exchange(
        here, version(1).id, stored={"s3"}, failed={"ceph"}, added={"s3-2": Replica("s3")}
    )
    assert after is not None
    (pending,) = after.pending
    assert pending.stored == ("s3",)
    assert set(pending.replicas) == {"s3", "swift", "s3-2"}
    assert [set(one.replicas) for one in after.obsolete] == [{"ceph"}]
    done, outcome = lifecycle.commit(after, version(1).id, {"swift", "s3-2"})
    assert done is not None
    assert (done.state, outcome) == (State.CREATED, Outcome.COMMITTED)


def test_a_version_whose_part_is_obsolete_is_still_the_one_that_was_taken() -> None:
    """A create whose reply was lost is tried again after a spare stood in."""
    here = record(State.CREATING, pending=(version(1, "wait"),))
    after = lifecycle.exchange(
        here, version(1).id, stored=set(), failed={"ceph"}, added={"s3-2": Replica("s3")}
    )
    assert lifecycle.accept_update(after, version(1, "wait"), cluster="s3") is after


def test_only_a_version_that_waits_is_placed_again() -> None:
    elsewhere = replace(version(1), replicas={name: Replica("x") for name in SPARES})
    waiting = record(State.CREATING, pending=(version(1),))
    placed = lifecycle.place_again(waiting, elsewhere)
    assert placed is not None
    assert placed.pending == (elsewhere,)
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
