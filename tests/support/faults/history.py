"""What several clients did to objects at the same time, and what each was told.

Order is logical: every beginning and every end of an operation takes the next number. Two
operations were concurrent if neither ended before the other began.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from threading import Lock


class Kind(StrEnum):
    """What was asked for."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    READ = "read"
    STAT = "stat"


WRITES = frozenset({Kind.CREATE, Kind.UPDATE, Kind.DELETE})


class Result(StrEnum):
    """What is known of an operation that has ended."""

    DONE = "done"
    TAKEN = "taken"
    """A write that was acknowledged and goes on by itself."""

    EXISTS = "refused, there is one"
    ABSENT = "refused, there is none"
    NOT_READY = "refused, it is not readable yet"
    SUPERSEDED = "refused, a later one won"
    """It may have taken effect while it was under way; it does not do so afterwards."""

    NOTHING = "failed"
    """It changed nothing, and says nothing of the object."""

    UNKNOWN = "unknown"
    """It may have taken effect, may do so later, or never."""


def value_of(content: bytes) -> str:
    """What stands for content in a history; no two writes may have the same."""
    return sha256(content).hexdigest()


@dataclass(frozen=True)
class Outcome:
    """How an operation ended.

    Attributes
    ----------
    seen
        The value that was read, or that ``stat`` told of.
    settled
        Whether ``stat`` said that nothing is under way for the object.
    note
        What was answered, for a person.
    """

    result: Result
    seen: str | None = None
    settled: bool = False
    note: str = ""


@dataclass(frozen=True)
class Operation:
    """One operation of one client.

    Attributes
    ----------
    value
        What was to be written.
    asynchronous
        Whether the client asked for an acknowledgement and no more.
    invoked, completed
        Its beginning and its end; None: it has not ended.
    """

    client: str
    name: str
    kind: Kind
    value: str | None
    asynchronous: bool
    invoked: int
    completed: int | None
    outcome: Outcome

    @property
    def result(self) -> Result:
        return self.outcome.result

    def __str__(self) -> str:
        end = "..." if self.completed is None else self.completed
        values = [
            f"{word} {value[:8]}"
            for word, value in (("writes", self.value), ("sees", self.outcome.seen))
            if value
        ]
        manner = "async " if self.asynchronous else ""
        settled = ", settled" if self.outcome.settled else ""
        note = f" ({self.outcome.note})" if self.outcome.note else ""
        told = f"{self.result}{settled}{note}"
        return " ".join(
            [f"[{self.invoked}, {end}] {self.client}: {manner}{self.kind}", *values, "-", told]
        )


@dataclass(frozen=True)
class History:
    """Operations in the order in which they began.

    Attributes
    ----------
    settlings
        Moments at which nothing was under way any more: what was taken is done, and what ended
        unknown before takes no effect afterwards.
    """

    operations: tuple[Operation, ...]
    settlings: tuple[int, ...] = ()

    @property
    def names(self) -> list[str]:
        return sorted({one.name for one in self.operations})

    def of(self, name: str) -> "History":
        """What concerns one object."""
        return replace(self, operations=tuple(one for one in self.operations if one.name == name))

    def text(self) -> str:
        """One line an operation."""
        lines: list[tuple[int, str]] = [(one.invoked, str(one)) for one in self.operations]
        lines += [(moment, f"[{moment}] settled") for moment in self.settlings]
        return "\n".join(line for _, line in sorted(lines))


@dataclass
class Invocation:
    """An operation that is under way; ``end`` it once."""

    recorder: "Recorder"
    position: int

    def end(self, outcome: Outcome) -> None:
        self.recorder.end(self.position, outcome)


class Recorder:
    """Takes down what clients do, from any number of threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._moment = 0
        self._operations: list[Operation] = []
        self._settlings: list[int] = []

    def begin(
        self,
        client: str,
        name: str,
        kind: Kind,
        *,
        value: str | None = None,
        asynchronous: bool = False,
    ) -> Invocation:
        """An operation begins; say so before anything is sent."""
        with self._lock:
            begun = Operation(
                client,
                name,
                kind,
                value,
                asynchronous,
                invoked=self._next(),
                completed=None,
                outcome=Outcome(Result.UNKNOWN),
            )
            self._operations.append(begun)
            return Invocation(self, len(self._operations) - 1)

    def end(self, position: int, outcome: Outcome) -> None:
        with self._lock:
            begun = self._operations[position]
            if begun.completed is not None:
                raise ValueError(f"ended twice: {begun}")
            self._operations[position] = replace(begun, completed=self._next(), outcome=outcome)

    def settled(self) -> None:
        """Nothing is under way any more."""
        with self._lock:
            self._settlings.append(self._next())

    def history(self) -> History:
        """All until now; what has not ended is unknown."""
        with self._lock:
            return History(tuple(self._operations), tuple(self._settlings))

    def _next(self) -> int:
        self._moment += 1
        return self._moment


def by_result(operations: Iterable[Operation]) -> dict[Result, int]:
    """How many operations ended how."""
    counts: dict[Result, int] = {}
    for one in operations:
        counts[one.result] = counts.get(one.result, 0) + 1
    return counts


def acknowledged(operations: Sequence[Operation]) -> list[Operation]:
    """The writes that were done or taken."""
    return [
        one
        for one in operations
        if one.kind in WRITES and one.result in (Result.DONE, Result.TAKEN)
    ]
