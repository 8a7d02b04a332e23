"""The judge of histories accepts what a register can do and refuses what none can."""

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.faults.history import (
    WRITES,
    History,
    Kind,
    Operation,
    Outcome,
    Result,
    value_of,
)
from tests.support.faults.linearizability import Undecided, violations
from tests.support.faults.register import (
    NOTHING,
    Register,
    Visibility,
    after_look,
    after_write,
)
from tests.support.faults.simulated_register import simulate

AT_ONCE, LATER = Visibility.AT_ONCE, Visibility.LATER


def history(text: str, *settlings: int) -> History:
    """A history from lines ``begin end kind [value] result [seen]``.

    ``create~`` is asynchronous, ``-`` an end that never came, ``!`` after what was seen by a stat
    that it is settled.
    """
    operations: list[Operation] = []
    for line in text.strip().splitlines():
        begin, end, kind, *words = line.split()
        manner = kind.rstrip("~")
        value = words.pop(0) if manner in ("create", "update") else None
        result = Result[words.pop(0).upper()]
        seen = words.pop(0) if words else None
        operations.append(
            Operation(
                client=f"client {len(operations)}",
                name="a",
                kind=Kind(manner),
                value=value,
                asynchronous=kind.endswith("~"),
                invoked=int(begin),
                completed=None if end == "-" else int(end),
                outcome=Outcome(
                    result, seen.rstrip("!") if seen else None, bool(seen and seen.endswith("!"))
                ),
            )
        )
    return History(tuple(operations), settlings)


GOOD = {
    "one after the other": """
        1 2 read absent
        3 4 create A done
        5 6 read done A
        7 8 update B done
        9 10 read done B
        11 12 delete done
        13 14 read absent
        15 16 create C done
        17 18 read done C
    """,
    "an update seen before its reply": """
        1 2 create A done
        3 8 update B done
        4 5 read done B
        6 7 read done B
    """,
    "the old content while an update is under way": """
        1 2 create A done
        3 8 update B done
        4 5 read done A
        6 7 read done B
    """,
    "of two updates at the same time either may be the later": """
        1 2 create A done
        3 6 update B done
        4 5 update C done
        7 8 read done B
        9 10 read done B
    """,
    "an unknown update that took effect late": """
        1 2 create A done
        3 4 update B unknown
        5 6 read done A
        7 8 read done B
    """,
    "an unknown update that took effect after another one": """
        1 2 create A done
        3 4 update B unknown
        5 6 update C done
        7 8 read done C
        9 10 read done B
    """,
    "an unknown update that never took effect": """
        1 2 create A done
        3 - update B unknown
        5 6 read done A
    """,
    "an unknown create that refuses another one": """
        1 2 create A unknown
        3 4 create B exists
        5 6 read done A
    """,
    "an unknown delete": """
        1 2 create A done
        3 4 delete unknown
        5 6 read done A
        7 8 read absent
        9 10 create B done
    """,
    "two unknown creates, one of which is deleted": """
        1 2 create A unknown
        3 4 create B unknown
        5 6 delete done
        7 8 read done B
    """,
    "superseded by a later update": """
        1 2 create A done
        3 8 update B superseded
        4 5 update C done
        6 7 read done C
    """,
    "superseded after it was seen": """
        1 2 create A done
        3 8 update B superseded
        4 5 read done B
        6 7 update C done
        9 10 read done C
    """,
    "an update of what a create that lost had made": """
        1 6 create A superseded
        2 3 update B done
        4 5 read done B
    """,
    "superseded, met by one that began later, and deleted": """
        1 2 create A superseded
        3 8 create B exists
        4 6 read absent
        5 7 delete done
    """,
    "superseded by an update before it could be read": """
        1 4 create A superseded
        2 9 update B done
        5 6 read not_ready
        10 11 read done B
    """,
    "superseded by an update that failed": """
        1 3 create A superseded
        2 9 update B nothing
        4 5 create C exists
        6 7 read not_ready
        10 11 read absent
    """,
    "a create that is under way can be met and not be read": """
        1 10 create A done
        2 3 stat done A
        4 5 read not_ready
        6 7 create B exists
        11 12 read done A
    """,
    "what can be met may fail": """
        1 6 create A nothing
        2 3 create B exists
        4 5 read not_ready
        7 8 read absent
    """,
    "a delete of what is being deleted": """
        1 2 create A done
        3 4 delete taken
        5 6 delete done
        7 8 update B absent
    """,
    "what is settled says so": """
        1 2 create A done
        3 4 stat done A!
    """,
}

BAD = {
    "a lost update": """
        1 2 create A done
        3 4 update B done
        5 6 read done A
    """,
    "a lost create": """
        1 2 create A done
        3 4 read absent
    """,
    "a lost acknowledged asynchronous update": """
        1 2 create A done
        3 4 update~ B taken
        5 6 update C done
        7 8 read done A
    """,
    "a stale read": """
        1 2 create A done
        3 4 update B done
        5 6 read done B
        7 8 read done A
    """,
    "a read that goes back while an update is under way": """
        1 2 create A done
        3 10 update B done
        4 5 read done B
        6 7 read done A
    """,
    "a mix of two contents": """
        1 2 create A done
        3 8 update B done
        4 5 read done AB
    """,
    "a value that was never written": """
        1 2 create A done
        3 4 read done X
    """,
    "a value before anybody had begun to write it": """
        1 2 create A done
        3 4 read done B
        5 6 update B done
    """,
    "a deleted object that comes back": """
        1 2 create A done
        3 4 delete done
        5 6 read absent
        7 8 read done A
    """,
    "a delete that was not done": """
        1 2 create A done
        3 4 delete done
        5 6 create B exists
    """,
    "an unknown update that took effect twice": """
        1 2 create A done
        3 4 update B unknown
        5 6 read done B
        7 8 update C done
        9 10 read done C
        11 12 read done B
    """,
    "an unknown delete that took effect twice": """
        1 2 create A done
        3 4 delete unknown
        5 6 read absent
        7 8 create B done
        9 10 read absent
    """,
    "two creates of one name": """
        1 4 create A done
        2 3 create B done
    """,
    "an update of nothing": """
        1 2 update A done
    """,
    "a delete of nothing": """
        1 2 delete done
    """,
    "a create refused for nothing": """
        1 2 create A exists
        3 4 read absent
    """,
    "what failed is there": """
        1 2 create A done
        3 4 update B nothing
        5 6 read done B
    """,
    "superseded, and there after all": """
        1 2 create A done
        3 4 update B superseded
        5 6 read done A
        7 8 read done B
    """,
    "two readers who saw two updates in different orders": """
        1 2 create A done
        3 20 update B done
        4 21 update C done
        5 6 read done B
        7 8 read done C
        9 10 read done B
    """,
    "an acknowledged content that is not readable": """
        1 2 create A done
        3 4 read not_ready
    """,
    "settled as what it was before": """
        1 2 create A done
        3 4 update B done
        5 6 stat done A!
    """,
    "not there when all is settled": """
        1 2 create A done
        3 4 delete unknown
        9 10 read done A
        11 12 read absent
    """,
}

SETTLED_AT_8 = {"not there when all is settled"}


@pytest.mark.parametrize("visibility", Visibility)
@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD.keys())
def test_what_a_register_can_do_is_accepted(text: str, visibility: Visibility) -> None:
    assert violations(history(text), visibility) == []


@pytest.mark.parametrize("visibility", Visibility)
@pytest.mark.parametrize("name", BAD.keys())
def test_what_no_register_can_do_is_refused(name: str, visibility: Visibility) -> None:
    [found] = violations(history(BAD[name], *([8] if name in SETTLED_AT_8 else [])), visibility)
    assert found.name == "a"
    assert found.reason


LATER_ALONE = {
    "the old content after an acknowledgement": """
        1 2 create A done
        3 4 update~ B taken
        5 6 read done A
        7 8 read done B
    """,
    "a taken create is not readable yet": """
        1 2 create~ A taken
        3 4 create B exists
        5 6 read not_ready
        7 8 read done A
    """,
    "a taken update of what was never readable": """
        1 4 create A superseded
        2 3 update~ B taken
        5 6 read not_ready
        7 8 read done B
    """,
    "a taken update is seen while another one waits": """
        1 2 create A done
        3 4 update~ B taken
        5 6 update~ C taken
        7 8 read done B
        9 10 read done C
    """,
    "a taken update is replaced before anybody saw it": """
        1 2 create A done
        3 4 update~ B taken
        5 6 update~ C taken
        7 8 read done A
        9 10 read done C
    """,
}

NEITHER = {
    "a taken update is seen and gone": """
        1 2 create A done
        3 4 update~ B taken
        5 6 read done B
        7 8 read done A
    """,
    "a taken update is seen after the one that replaced it": """
        1 2 create A done
        3 4 update~ B taken
        5 6 update~ C taken
        7 8 read done C
        9 10 read done B
    """,
    "settled without what was taken": """
        1 2 create A done
        3 4 update~ B taken
        5 6 stat done A!
    """,
    "a taken create is deleted and is seen": """
        1 2 create~ A taken
        3 4 delete taken
        5 6 read done A
    """,
}


@pytest.mark.parametrize("text", LATER_ALONE.values(), ids=LATER_ALONE.keys())
def test_what_was_taken_may_be_seen_later_only_where_that_is_allowed(text: str) -> None:
    assert violations(history(text), LATER) == []
    assert len(violations(history(text), AT_ONCE)) == 1


@pytest.mark.parametrize("visibility", Visibility)
@pytest.mark.parametrize("text", NEITHER.values(), ids=NEITHER.keys())
def test_what_was_taken_is_kept_however_late_it_may_be_seen(
    text: str, visibility: Visibility
) -> None:
    assert len(violations(history(text), visibility)) == 1


def test_once_all_is_settled_what_was_taken_is_what_is_read() -> None:
    taken = "1 2 create A done\n3 4 update~ B taken\n7 8 read done "
    assert violations(history(taken + "B", 6), LATER) == []
    assert len(violations(history(taken + "A", 6), LATER)) == 1


def test_objects_are_judged_apart_and_told_of_by_name() -> None:
    lost = history(BAD["a lost create"]).operations
    fine = [replace(one, name="b") for one in history(GOOD["an unknown delete"]).operations]
    [found] = violations(History((*fine, *lost)), AT_ONCE)
    assert found.name == "a"
    assert "readers see content that nobody saw" in found.reason
    assert "client 1: read" in str(found)
    assert "create writes A" in str(found)


# Against all orders, tried one by one

VALUES = ["A", "B", "C"]


@st.composite
def histories(draw: st.DrawFn, most: int = 4) -> History:
    """Any operations with any replies, most of which no register would give."""
    count = draw(st.integers(1, most))
    moments = draw(st.permutations(range(1, 2 * count + 1)))
    operations = []
    values = list(VALUES)
    for number in range(count):
        begin, end = sorted(moments[2 * number : 2 * number + 2])
        kind = draw(st.sampled_from(list(Kind)))
        value = None
        if kind in (Kind.CREATE, Kind.UPDATE):
            if not values:
                continue
            value = values.pop(0)
        results = {
            Kind.CREATE: [Result.DONE, Result.EXISTS, Result.UNKNOWN, Result.SUPERSEDED],
            Kind.UPDATE: [Result.DONE, Result.ABSENT, Result.UNKNOWN, Result.SUPERSEDED],
            Kind.DELETE: [Result.DONE, Result.ABSENT, Result.UNKNOWN],
            Kind.READ: [Result.DONE, Result.DONE, Result.ABSENT, Result.NOT_READY],
            Kind.STAT: [Result.DONE, Result.ABSENT],
        }
        result = draw(st.sampled_from(results[kind]))
        looks = kind in (Kind.READ, Kind.STAT) and result is Result.DONE
        seen = draw(st.sampled_from(VALUES)) if looks else None
        settled = kind is Kind.STAT and draw(st.booleans())
        asynchronous = kind in WRITES and draw(st.booleans())
        outcome = Outcome(result, seen, settled)
        operations.append(
            Operation(f"{number}", "a", kind, value, asynchronous, begin, end, outcome)
        )
    settling = draw(st.sampled_from([(), (2 * count + 1,)]))
    return History(tuple(sorted(operations, key=lambda one: one.invoked)), settling)


def explained(given_: History, visibility: Visibility) -> bool:
    """Whether any order of any of the operations that must have taken effect, and of some of those
    that may, explains it. Slow and simple."""
    must = [
        one for one in given_.operations if one.result not in (Result.UNKNOWN, Result.SUPERSEDED)
    ]
    may = [
        one
        for one in given_.operations
        if one.result in (Result.UNKNOWN, Result.SUPERSEDED) and one.kind in WRITES
    ]
    for chosen in range(1 << len(may)):
        some = [one for number, one in enumerate(may) if chosen >> number & 1]
        if any(_fits(order, given_, visibility) for order in permutations([*must, *some])):
            return True
    return False


def _fits(order: Sequence[Operation], given_: History, visibility: Visibility) -> bool:
    for position, one in enumerate(order):
        if any(_end(later) < one.invoked for later in order[position + 1 :]):
            return False
    states = {NOTHING}
    for one in order:
        states = {after for state in states for after in _after(state, one, given_, visibility)}
    return bool(states)


def _end(one: Operation) -> float:
    return inf if one.result is Result.UNKNOWN or one.completed is None else one.completed


def _after(
    state: Register, one: Operation, given_: History, visibility: Visibility
) -> tuple[Register, ...]:
    others = [
        other
        for other in given_.operations
        if other is not one
        and other.invoked < _end(one)
        and other.result not in (Result.EXISTS, Result.ABSENT)
    ]
    if one.kind in WRITES and one.result not in (Result.EXISTS, Result.ABSENT):
        following = after_write(state, one, visibility)
        cleared = one.kind is Kind.DELETE and any(other.kind in WRITES for other in others)
        return (NOTHING,) if not following and cleared else following
    made = (other for other in others if other.kind in (Kind.CREATE, Kind.UPDATE))
    under_way = any(_end(other) > one.invoked for other in made)
    after = after_look(state, one, under_way=under_way)
    return () if after is None else (after,)


@settings(max_examples=600, deadline=None)
@given(histories(), st.sampled_from(list(Visibility)))
def test_the_search_finds_an_order_exactly_when_there_is_one(
    given_: History, visibility: Visibility
) -> None:
    written = {one.value: one.invoked for one in given_.operations if one.value}
    for one in given_.operations:
        if one.outcome.seen and written.get(one.outcome.seen, inf) > (one.completed or inf):
            assert len(violations(given_, visibility)) == 1
            return
    assert (violations(given_, visibility) == []) == explained(given_, visibility)


# Histories that a real register made

SEEDS = st.integers(0, 2**32)


@settings(max_examples=150, deadline=None)
@given(SEEDS, st.sampled_from(list(Visibility)), st.integers(1, 8), st.integers(1, 4))
def test_what_a_real_register_did_is_accepted(
    seed: int, visibility: Visibility, clients: int, names: int
) -> None:
    made = simulate(random.Random(seed), visibility, clients=clients, names=names, operations=120)
    assert violations(made, visibility) == []


def _never_current(made: History, read: Operation) -> list[str]:
    """Values that were replaced for good before a read began, or not written when it ended."""
    found = [value_of(b"never written")]
    own = made.of(read.name).operations
    for one in own:
        if one.value is None or one.result is not Result.DONE:
            continue
        if one.invoked > (read.completed or inf):
            found.append(one.value)
        replaced = any(
            other.kind in (Kind.UPDATE, Kind.DELETE)
            and other.result is Result.DONE
            and other.invoked > (one.completed or inf)
            and (other.completed or inf) < read.invoked
            for other in own
        )
        if replaced:
            found.append(one.value)
    return found


@settings(max_examples=150, deadline=None)
@given(SEEDS, st.sampled_from(list(Visibility)), st.data())
def test_one_read_of_what_was_not_current_is_refused(
    seed: int, visibility: Visibility, data: st.DataObject
) -> None:
    made = simulate(random.Random(seed), visibility, clients=4, names=2, operations=60)
    reads = [one for one in made.operations if one.outcome.seen and one.kind is Kind.READ]
    if not reads:
        return
    read = data.draw(st.sampled_from(reads))
    seen = data.draw(st.sampled_from(_never_current(made, read)))
    wrong = replace(read, outcome=replace(read.outcome, seen=seen))
    swapped = tuple(wrong if one is read else one for one in made.operations)
    found = violations(replace(made, operations=swapped), visibility)
    assert read.name in [one.name for one in found]


@pytest.mark.parametrize("visibility", Visibility)
@pytest.mark.parametrize(("clients", "names"), [(8, 20), (8, 1)])
def test_long_histories_are_judged_with_few_tries(
    clients: int, names: int, visibility: Visibility
) -> None:
    for seed in range(3):
        made = simulate(
            random.Random(seed), visibility, clients=clients, names=names, operations=2000
        )
        # Bounded by what is tried for one object, not by how fast the machine is.
        assert violations(made, visibility, states_at_most=40_000) == []


def test_a_search_that_would_take_too_long_is_given_up_and_not_taken_for_an_answer() -> None:
    made = simulate(random.Random(1), LATER, clients=8, names=1, operations=200)
    with pytest.raises(Undecided):
        violations(made, LATER, states_at_most=10)
