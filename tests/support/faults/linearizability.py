"""Whether there is an order of the operations that explains what every client was told.

Wing and Gong's search with Lowe's memory of what was tried ("Testing for linearizability", 2017),
one object at a time: of operations that were concurrent any may have come first, one that ended
before another began came before it. A write whose outcome is unknown came at any time after its
beginning, or never.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf

from tests.support.faults.history import WRITES, History, Kind, Operation, Outcome, Result
from tests.support.faults.register import (
    NOTHING,
    Register,
    Visibility,
    after_look,
    after_settling,
    after_write,
)

_STATES_AT_MOST = 400_000
_UNREAD = "content that nobody saw"


class Undecided(Exception):
    """The search was given up: there are too many orders to try."""


@dataclass(frozen=True)
class Violation:
    """What no order explains.

    Attributes
    ----------
    reason
        For a person.
    history
        All that was done to the object.
    """

    name: str
    reason: str
    history: History

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}\n{self.history.text()}"


def violations(
    history: History, visibility: Visibility, *, states_at_most: int = _STATES_AT_MOST
) -> list[Violation]:
    """The objects whose history no order explains.

    Raises
    ------
    Undecided
    """
    found = []
    for name in history.names:
        own = history.of(name)
        reason = _never_written(own) or _Search(own, visibility, states_at_most).reason()
        if reason:
            found.append(Violation(name, reason, own))
    return found


def _never_written(history: History) -> str | None:
    """The first value that was seen before anybody had begun to write it."""
    began = {one.value: one.invoked for one in history.operations if one.value is not None}
    for one in history.operations:
        seen, end = one.outcome.seen, one.completed or inf
        if seen is not None and began.get(seen, inf) > end:
            return f"nobody had written what was seen: {one}"
    return None


@dataclass(frozen=True)
class _Step:
    """An operation as the search sees it.

    Attributes
    ----------
    optional
        Whether it may have taken no effect.
    under_way
        For a delete: whether there was anything to be cleared away. Else: whether beside it a
        write was under way, of which it is not known since when it can be met.
    """

    operation: Operation
    invoked: int
    end: float
    optional: bool = False
    under_way: bool = False
    settling: bool = False

    @property
    def looks(self) -> bool:
        """Whether it changes nothing."""
        return not (self.settling or self.optional or _is_acknowledged_write(self.operation))

    @property
    def alike(self) -> tuple[object, ...]:
        """Of those that are alike the first is as good as any other."""
        one = self.operation
        return (one.kind, one.asynchronous, one.value, self.end)

    def follow(self, state: Register, visibility: Visibility) -> tuple[Register, ...]:
        """The states that may come after it; none: it cannot come here."""
        if self.settling:
            return (after_settling(state),)
        if self.looks:
            after = after_look(state, self.operation, under_way=self.under_way)
            return () if after is None else (after,)
        following = after_write(state, self.operation, visibility)
        if not following and self.under_way and self.operation.kind is Kind.DELETE:
            return (NOTHING,)  # it is being deleted already, or what failed is cleared away
        # That readers came to see what nobody saw explains nothing.
        return following[:1] if state.pending == _UNREAD else following


class _Search:
    def __init__(self, history: History, visibility: Visibility, states_at_most: int) -> None:
        self._visibility = visibility
        self._states_at_most = states_at_most
        steps = _steps(history)
        self._required = sorted(
            [*(step for step in steps if not step.optional), *map(_settling, history.settlings)],
            key=lambda step: step.invoked,
        )
        self._optional = [step for step in steps if step.optional]
        self._all = [*self._required, *self._optional]
        self._wanted = (1 << len(self._required)) - 1

    def reason(self) -> str | None:
        """Why there is no order; None: there is one."""
        start = (0, NOTHING, 0)
        tried = {start[:2]}
        stack = [start]
        furthest, best = -1, start
        while stack:
            mask, state, latest = node = stack.pop()
            done = (mask & self._wanted).bit_count()
            if done == len(self._required):
                return None
            if done > furthest:
                furthest, best = done, node
            for position, following in self._next(mask, state, latest):
                taken = mask | 1 << position
                if (taken, following) not in tried:
                    tried.add((taken, following))
                    stack.append((taken, following, max(latest, self._all[position].invoked)))
            if len(tried) > self._states_at_most:
                raise Undecided(f"{len(tried)} states, {furthest} of {len(self._required)} placed")
        return self._explained(*best)

    def _next(self, mask: int, state: Register, latest: int) -> list[tuple[int, Register]]:
        """Which operations may come next, and the state after each; the likeliest last."""
        first_end, candidates = self._frontier(mask)
        possible = list(self._possible(mask, state, latest, first_end))
        following = []
        for position in candidates:
            step = self._all[position]
            for after in step.follow(state, self._visibility):
                following.append((position, after))
                if after == state and step.looks and not self._cuts_off(step, possible):
                    # It fits and changes nothing: whatever the order, it may as well come here.
                    return [(position, state)]
        return [*possible, *reversed(following)]

    def _cuts_off(self, step: _Step, possible: Iterable[tuple[int, Register]]) -> bool:
        """Whether one of these can come no more once the step has come."""
        return any(self._all[position].end < step.invoked for position, _ in possible)

    def _frontier(self, mask: int) -> tuple[float, list[int]]:
        """The required operations that none of the others ended before; and the first end."""
        first_end, window = inf, []
        left = self._wanted & ~mask
        position = (left & -left).bit_length() - 1
        while position < len(self._required):
            step = self._required[position]
            if step.invoked > first_end:
                break
            if left >> position & 1:
                window.append(position)
                first_end = min(first_end, step.end)
            position += 1
        return first_end, [one for one in window if self._required[one].invoked < first_end]

    def _possible(
        self, mask: int, state: Register, latest: int, first_end: float
    ) -> Iterator[tuple[int, Register]]:
        """The optional operations that may come next."""
        seen = set()
        for position in range(len(self._required), len(self._all)):
            step = self._all[position]
            if mask >> position & 1 or step.invoked > first_end or step.end < latest:
                continue
            if step.alike in seen:
                continue
            seen.add(step.alike)
            for after in step.follow(state, self._visibility):
                if after != state:
                    yield position, after

    def _explained(self, mask: int, state: Register, latest: int) -> str:
        _, candidates = self._frontier(mask)
        told = "; ".join(str(self._required[one].operation) for one in candidates)
        readers = _short(state.visible)
        pending = f", {_short(state.pending)} is pending" if state.pending else ""
        return f"no order explains that readers see {readers}{pending}, and then one of: {told}"


def _short(value: str | None) -> str:
    return "nothing" if value is None else value if value == _UNREAD else value[:8]


def _is_acknowledged_write(one: Operation) -> bool:
    return one.kind in WRITES and one.result in (Result.DONE, Result.TAKEN)


def _steps(history: History) -> list[_Step]:
    """The operations that say something, in the order in which they began."""
    seen = {one.outcome.seen for one in history.operations}
    ends = [_end_of(one, history.settlings) for one in history.operations]
    steps = []
    for one, end in zip(history.operations, ends, strict=True):
        optional = one.result in (Result.UNKNOWN, Result.SUPERSEDED)
        unread = one.value is not None and one.value not in seen
        # What nobody saw of an update that is not acknowledged might as well not have been.
        idle = one.kind not in WRITES or (one.kind is Kind.UPDATE and unread)
        if one.result is Result.NOTHING or (optional and idle):
            continue
        # Values that nobody saw are alike.
        known = replace(one, value=_UNREAD) if unread else one
        under_way = _is_under_way(one, end, history.operations, ends)
        steps.append(_Step(known, one.invoked, end, optional, under_way))
    return steps


def _end_of(one: Operation, settlings: Sequence[int]) -> float:
    """Until when it may take effect."""
    if one.result is Result.UNKNOWN:
        return min((moment for moment in settlings if moment > one.invoked), default=inf)
    return inf if one.completed is None else one.completed


def _is_under_way(
    one: Operation, end: float, others: Sequence[Operation], ends: Sequence[float]
) -> bool:
    for other, other_end in zip(others, ends, strict=True):
        if other is one or other.invoked > end or other.result in (Result.EXISTS, Result.ABSENT):
            continue
        if one.kind is Kind.DELETE and other.kind in WRITES:
            return True
        if other.kind in (Kind.CREATE, Kind.UPDATE) and other_end > one.invoked:
            return True
    return False


def _settling(moment: int) -> _Step:
    nobody = Operation(
        "", "", Kind.STAT, None, False, moment, moment, Outcome(Result.DONE, note="settled")
    )
    return _Step(nobody, moment, moment + 0.5, settling=True)  # before all that begins later
