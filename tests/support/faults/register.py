"""What one object may look like from one operation to the next, if they came one by one.

A register: ``create`` where there is none, ``update`` and ``delete`` where there is one, and what
is read is what was written last.
"""

from enum import Enum
from typing import NamedTuple

from tests.support.faults.history import Kind, Operation, Result


class Visibility(Enum):
    """Since when readers see a write that was taken asynchronously."""

    AT_ONCE = "from its acknowledgement on"
    LATER = "from some moment after it on; the object is not settled before"


class Register(NamedTuple):
    """An object.

    Attributes
    ----------
    visible
        The value that readers see; None: there is nothing to be read.
    pending
        The value that was taken last and that they will see, unless it is replaced before.
    """

    visible: str | None = None
    pending: str | None = None

    @property
    def exists(self) -> bool:
        return self.visible is not None or self.pending is not None


NOTHING = Register()


def after_write(
    state: Register, operation: Operation, visibility: Visibility
) -> tuple[Register, ...]:
    """What the object may be after a write took effect; nothing: it could not, as it was."""
    if operation.kind is Kind.DELETE:
        return (NOTHING,) if state.exists else ()
    if state.exists == (operation.kind is Kind.CREATE):
        return ()
    if operation.kind is Kind.CREATE and operation.result in (Result.SUPERSEDED, Result.UNKNOWN):
        # It may have been met, and replaced, before it could be read.
        return Register(operation.value), Register(pending=operation.value)
    later = operation.asynchronous or operation.result is Result.TAKEN
    if not later or visibility is Visibility.AT_ONCE:
        return (Register(operation.value),)
    unseen = Register(state.visible, operation.value)
    if state.pending is None:
        return (unseen,)
    # What was pending is replaced, before or after readers have come to see it.
    return unseen, Register(state.pending, operation.value)


def after_look(state: Register, operation: Operation, *, under_way: bool) -> Register | None:
    """The object after an operation that looked at it and changed nothing, refusals among them.

    Parameters
    ----------
    under_way
        Whether a write may be under way that has not been acknowledged: until it is, and if it
        fails, what it makes may be met and cannot be read.

    Returns
    -------
    The same state, or the one in which readers see what was pending; None: what was told is not
    so.
    """
    seen = operation.outcome.seen
    match operation.result:
        case Result.EXISTS:
            return state if state.exists or under_way else None
        case Result.ABSENT:
            return None if state.exists else state
        case Result.NOT_READY:
            hidden = state.visible is None and (state.pending is not None or under_way)
            return state if hidden else None
    if operation.kind is Kind.STAT and not operation.outcome.settled:
        return state if state.exists or under_way else None
    if state.pending is not None and seen == state.pending:
        return Register(state.pending)
    if operation.kind is Kind.STAT and state.pending is not None:
        return None
    return state if seen is not None and seen == state.visible else None


def after_settling(state: Register) -> Register:
    """The object once nothing is under way any more."""
    return state if state.pending is None else Register(state.pending)
