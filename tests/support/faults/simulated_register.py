"""Histories of a real register: every operation takes effect at one random moment of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from tests.support.faults.history import (
    WRITES,
    History,
    Invocation,
    Kind,
    Outcome,
    Recorder,
    Result,
    value_of,
)
from tests.support.faults.register import NOTHING, Register, Visibility

_LOST = 0.06
"""How many replies do not come."""

_SHOWN = 0.2
"""How often what was taken becomes visible, from one step to the next."""


@dataclass
class _Running:
    """An operation that has begun: ``done`` once it took effect, or was refused."""

    invocation: Invocation
    kind: Kind
    value: str | None
    asynchronous: bool
    name: str
    outcome: Outcome | None = None


def simulate(
    random: Random, visibility: Visibility, *, clients: int, names: int, operations: int
) -> History:
    """Let clients drive registers until so many operations have begun and all have ended.

    Replies are lost; what a lost reply belongs to takes effect later, or never.
    """
    recorder = Recorder()
    registers = {f"object-{number}": NOTHING for number in range(names)}
    running: dict[str, _Running] = {}
    lost: list[_Running] = []
    begun = 0
    while begun < operations or running:
        client = f"client-{random.randrange(clients)}"
        _show_some(random, registers)
        if lost and random.random() < 0.3:
            late = lost.pop(random.randrange(len(lost)))
            if random.random() < 0.7:
                _take_effect(registers, late, visibility)
        one = running.get(client)
        if one is None and begun < operations:
            running[client] = _begin(random, recorder, client, registers, begun)
            begun += 1
        elif one is not None and one.outcome is None:
            if random.random() < _LOST:
                one.invocation.end(Outcome(Result.UNKNOWN))
                lost.append(running.pop(client))
            else:
                one.outcome = _take_effect(registers, one, visibility)
        elif one is not None and one.outcome is not None:
            told = Outcome(Result.UNKNOWN) if random.random() < _LOST else one.outcome
            running.pop(client).invocation.end(told)
    for name, state in registers.items():
        registers[name] = Register(state.pending) if state.pending else state
    recorder.settled()
    for one in _last_looks(recorder, registers):
        one.invocation.end(_look(registers[one.name], one))
    return recorder.history()


def _begin(
    random: Random, recorder: Recorder, client: str, registers: dict[str, Register], number: int
) -> _Running:
    name = random.choice(sorted(registers))
    kind = random.choice([*WRITES_AND_READS])
    written = kind in (Kind.CREATE, Kind.UPDATE)
    value = value_of(f"content {number}".encode()) if written else None
    asynchronous = written and random.random() < 0.5
    invocation = recorder.begin(client, name, kind, value=value, asynchronous=asynchronous)
    return _Running(invocation, kind, value, asynchronous, name)


WRITES_AND_READS = (
    Kind.CREATE,
    Kind.CREATE,
    Kind.UPDATE,
    Kind.UPDATE,
    Kind.DELETE,
    Kind.READ,
    Kind.READ,
    Kind.STAT,
)


def _show_some(random: Random, registers: dict[str, Register]) -> None:
    for name, state in registers.items():
        if state.pending is not None and random.random() < _SHOWN:
            registers[name] = Register(state.pending)


def _take_effect(registers: dict[str, Register], one: _Running, visibility: Visibility) -> Outcome:
    state = registers[one.name]
    if one.kind not in WRITES:
        return _look(state, one)
    if one.kind is Kind.CREATE and state.exists:
        return Outcome(Result.EXISTS)
    if one.kind is not Kind.CREATE and not state.exists:
        return Outcome(Result.ABSENT)
    later = one.asynchronous and visibility is Visibility.LATER
    registers[one.name] = Register(state.visible, one.value) if later else Register(one.value)
    return Outcome(Result.TAKEN if one.asynchronous else Result.DONE)


def _look(state: Register, one: _Running) -> Outcome:
    if not state.exists:
        return Outcome(Result.ABSENT)
    if one.kind is Kind.READ and state.visible is None:
        return Outcome(Result.NOT_READY)
    return Outcome(Result.DONE, state.visible or state.pending, settled=state.pending is None)


def _last_looks(recorder: Recorder, registers: dict[str, Register]) -> Iterator[_Running]:
    for name in registers:
        invocation = recorder.begin("reader", name, Kind.READ)
        yield _Running(invocation, Kind.READ, None, False, name)
