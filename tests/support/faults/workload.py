"""What several clients do, all of it drawn from a seed before anything is done."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from threading import Thread

from tests.support.faults.history import Kind, Outcome, Recorder, value_of
from tests.support.faults.object_store import ObjectStore


@dataclass(frozen=True)
class Step:
    """One operation that a client is to make; ``at``: by which of the ways in."""

    kind: Kind
    name: str
    content: bytes | None
    asynchronous: bool
    at: int


@dataclass(frozen=True)
class Mix:
    """What clients do.

    Attributes
    ----------
    weights
        How often each kind of operation comes, beside the others.
    asynchronous
        The share of the writes that ask for an acknowledgement alone.
    large
        The share of the contents that have ``large_bytes`` at least, which are staged.
    """

    weights: tuple[tuple[Kind, int], ...] = (
        (Kind.CREATE, 5),
        (Kind.UPDATE, 6),
        (Kind.DELETE, 1),
        (Kind.READ, 6),
        (Kind.STAT, 2),
    )
    asynchronous: float = 0.5
    large: float = 0.05
    large_bytes: int = 129 * 1024


def plan(
    seed: int, *, clients: int, names: int, steps: int, ways: int, mix: Mix | None = None
) -> list[list[Step]]:
    """What each client does, in its order. No two contents are the same, for any seed.

    Parameters
    ----------
    steps
        Of each client.
    ways
        How many ways in there are.
    """
    random, chosen = Random(f"workload {seed}"), mix or Mix()
    kinds = [kind for kind, _ in chosen.weights]
    weights = [weight for _, weight in chosen.weights]
    return [
        [
            _step(random, chosen, f"{seed}/{client}/{number}", kind, names, ways)
            for number, kind in enumerate(random.choices(kinds, weights, k=steps))
        ]
        for client in range(clients)
    ]


def _step(random: Random, mix: Mix, label: str, kind: Kind, names: int, ways: int) -> Step:
    content = None
    if kind in (Kind.CREATE, Kind.UPDATE):
        size = mix.large_bytes if random.random() < mix.large else random.randrange(100)
        content = f"{label} ".encode() + b"." * size
    return Step(
        kind,
        f"object-{random.randrange(names)}",
        content,
        kind not in (Kind.READ, Kind.STAT) and random.random() < mix.asynchronous,
        random.randrange(ways),
    )


def perform(step: Step, stores: Sequence[ObjectStore], recorder: Recorder, client: str) -> Outcome:
    """Make one operation and take it down."""
    invocation = recorder.begin(
        client,
        step.name,
        step.kind,
        value=None if step.content is None else value_of(step.content),
        asynchronous=step.asynchronous,
    )
    outcome = _make(step, stores[step.at])
    invocation.end(outcome)
    return outcome


def _make(step: Step, store: ObjectStore) -> Outcome:
    match step:
        case Step(Kind.CREATE, name, bytes(content)):
            return store.create(name, content, asynchronous=step.asynchronous)
        case Step(Kind.UPDATE, name, bytes(content)):
            return store.update(name, content, asynchronous=step.asynchronous)
        case Step(Kind.DELETE, name):
            return store.delete(name, asynchronous=step.asynchronous)
        case Step(Kind.READ, name):
            return store.read(name)
        case Step(Kind.STAT, name):
            return store.stat(name)
    raise AssertionError(f"nothing to be done: {step}")


def drive(plans: Sequence[Sequence[Step]], stores: Sequence[ObjectStore]) -> Recorder:
    """Let every client go through its plan in a thread of its own, as fast as it can."""
    recorder, raised = Recorder(), list[BaseException]()

    def act(client: str, steps: Sequence[Step]) -> None:
        try:
            for step in steps:
                perform(step, stores, recorder, client)
        except BaseException as error:
            raised.append(error)

    threads = [
        Thread(target=act, args=(f"client-{number}", steps), daemon=True)
        for number, steps in enumerate(plans)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]
    return recorder
