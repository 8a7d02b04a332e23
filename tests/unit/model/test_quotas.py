"""Usage is never made worse by what a scrub has seen, and right where nothing has changed."""

from dataclasses import replace
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from mcos import limits
from mcos.model.quotas import Amount, Quota, Room, Usage, is_full, quota_of

wrongs = st.sampled_from(
    [Amount(), Amount(), Amount(7, 1, 0), Amount(-7, -1, 0), Amount(1000, 9, 3)]
)
"""By how much a count is wrong when a scrub begins."""


class Change(NamedTuple):
    """An object gets this size; None: it goes. It is one of five."""

    number: int
    size: int | None


changes = st.lists(st.builds(Change, st.integers(0, 4), st.none() | st.integers(0, 100)))


class World:
    """Objects of an account, as they are, and as they are counted."""

    def __init__(self, wrong: Amount) -> None:
        self.sizes: dict[int, int] = {}
        self.usage = Usage(corrected=wrong)

    @property
    def truth(self) -> Amount:
        return Amount(sum(self.sizes.values()), len(self.sizes))

    def do(self, change: Change) -> None:
        before = self.truth
        if change.size is None:
            self.sizes.pop(change.number, None)
        else:
            self.sizes[change.number] = change.size
        difference = self.truth.minus(before)
        self.usage = replace(
            self.usage,
            added=self.usage.added.plus(Amount(*(max(0, one) for one in difference))),
            removed=self.usage.removed.plus(Amount(*(max(0, -one) for one in difference))),
        )


@given(wrongs, changes, st.lists(changes, min_size=5, max_size=5), changes)
def test_a_scrub_makes_no_count_worse_and_bounds_its_error_by_what_has_changed(
    wrong: Amount, before: list[Change], meanwhile: list[list[Change]], after: list[Change]
) -> None:
    """A scrub reads one object after the other, and changes go on between."""
    world = World(wrong)
    for one in before:
        world.do(one)
    base, seen = world.usage, Amount()
    for number, some in enumerate(meanwhile):
        if number in world.sizes:
            seen = seen.plus(Amount(world.sizes[number], 1))
        for one in some:
            world.do(one)
    for one in after:
        world.do(one)
    was, truth = world.usage.used, world.truth
    right = world.usage.put_right(seen, base)
    added, removed = right.added.minus(base.added), right.removed.minus(base.removed)
    for what in range(len(truth)):
        error = abs(right.used[what] - truth[what])
        assert error <= abs(was[what] - truth[what])
        assert error <= added[what] + removed[what]


@given(wrongs, changes)
def test_the_usage_of_an_account_that_rests_is_right_after_a_scrub(
    wrong: Amount, before: list[Change]
) -> None:
    world = World(wrong)
    for one in before:
        world.do(one)
    assert world.usage.put_right(world.truth, world.usage).used == world.truth


@given(st.floats(0.1, 20), st.lists(st.tuples(st.integers(1, 500), st.integers(0, 90))))
def test_the_rate_holds_on_the_average(rate: float, bursts: list[tuple[int, int]]) -> None:
    """Of who writes whatever it may at once, but only learns after a batch what it owes."""
    usage, now, written, largest = Usage(), 1000.0, 0, 0
    quota = Quota(writes_per_second=rate)
    for writes, pause in bursts:
        usage = usage.with_writes(writes, now, rate)
        written, largest = written + writes, max(largest, writes)
        now = max(now + pause, usage.room(quota).until or 0)
    allowance = rate * (now - 1000 + limits.QUOTA_WRITE_SECONDS)
    assert written <= allowance + largest + 1


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 5)), max_size=6))
def test_a_rate_that_is_kept_never_refuses(batches: list[tuple[int, int]]) -> None:
    """However late the stream tells of it, and whatever batch comes first."""
    usage = Usage()
    for second, writes in batches:
        usage = usage.with_writes(writes, 1000 + 10 * second, 5)
    assert sum(writes for _, writes in batches) <= 5 * limits.QUOTA_WRITE_SECONDS
    assert usage.room(Quota(writes_per_second=5)).until is None


def test_an_own_quota_goes_before_the_default_field_by_field() -> None:
    default = {"bytes": 10, "objects": 5}
    assert quota_of(default, {}) == Quota(bytes=10, objects=5)
    assert quota_of(default, {"bytes": None, "uploads": 3}) == Quota(objects=5, uploads=3)


def test_functions_know_of_an_account_whose_next_call_may_not_fit() -> None:
    assert not is_full(Room(bytes=limits.CONTENT_BYTES, objects=1, uploads=1, until=9), 10)
    assert is_full(Room(bytes=limits.CONTENT_BYTES - 1), 10)
    assert is_full(Room(objects=0), 10)
    assert is_full(Room(uploads=0), 10)
    assert is_full(Room(until=11), 10)


def test_what_a_newer_release_knows_of_usage_is_kept() -> None:
    usage = Usage(added=Amount(3, 2, 1), own={"bytes": 5}, counted=("a",), owed=2, owed_at=9)
    document = {**usage.as_json(), "newer": 1}
    assert Usage.from_json(document).as_json() == document
