"""Clients at work on running clouds while backends and functions fail by a seed: nothing is lost,
every read is explained, everything settles, and the services hold what the catalog says.

A failure prints its seed; ``MCOS_SEED=...`` does the same again, as far as processes do.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from random import Random
from threading import Lock
from typing import Any
from uuid import uuid4

import pytest
from rich.table import Table

from mcos_client import Client, ObjectNotFound, ObjectStat
from tests.functional.conftest import Account, AccountFactory
from tests.functional.faults.conftest import BACKENDS, Functions
from tests.support.faults.final_state import lost_writes, misplaced, unsettled
from tests.support.faults.history import Kind, Outcome, Recorder, Result, acknowledged, value_of
from tests.support.faults.linearizability import violations
from tests.support.faults.object_store import ClientStore, ObjectStore
from tests.support.faults.proxy.fault import Fault, What
from tests.support.faults.proxy.proxies import Listener
from tests.support.faults.proxy.schedule import Seeded
from tests.support.faults.register import Visibility
from tests.support.faults.workload import Mix, Step, drive, perform, plan
from tests.support.services import StorageService
from tests.support.waiting import wait_until

CLIENTS, NAMES = 4, 6
MIX = Mix(
    weights=(
        (Kind.CREATE, 3),
        (Kind.UPDATE, 9),
        (Kind.DELETE, 1),
        (Kind.READ, 6),
        (Kind.STAT, 2),
    ),
    asynchronous=0.7,
)
SEEDS = [
    pytest.param(1, 15, id="short"),
    *(pytest.param(seed, 80, id=f"seed {seed}", marks=pytest.mark.long) for seed in range(2, 8)),
]
"""Seed, and operations of each client."""

RATES = {
    What.RESET: 0.03,
    What.CUT_REQUEST: 0.02,
    What.CUT_REPLY: 0.02,
    What.DROP_REPLY: 0.04,
    What.ERROR: 0.03,
    What.WRONG_BYTES: 0.03,
    What.DELAY: 0.01,
}
"""Of the requests to a backend."""

BETWEEN = 6
"""Between two greater troubles clients begin so many operations; the first come alone."""

SETTLED_SECONDS = 600
NO_AGE = {"older_than_seconds": 0}


class Troubles:
    """What goes wrong beside single requests, by a seed, as clients go on.

    Attributes
    ----------
    done
        How often, by name.
    """

    def __init__(self, seed: int, listeners: Mapping[str, Listener], functions: Functions) -> None:
        self._random, self._listeners, self._functions = (
            Random(f"troubles {seed}"),
            listeners,
            functions,
        )
        self._seed, self._lock = seed, Lock()
        self._begun = 0
        self.done: Counter[str] = Counter()

    def come(self) -> None:
        """An operation is about to begin."""
        with self._lock:
            self._begun += 1
            for one in self._listeners.values():
                one.release()  # what was delayed was so for as long as an operation takes
            if self._begun == NAMES + 1:
                for name, one in self._listeners.items():
                    one.schedule = Seeded(self._seed, name, RATES)
            if self._begun > NAMES and self._begun % BETWEEN == 0:
                self._next()

    def _next(self) -> None:
        for one in self._listeners.values():
            one.switch(None)
        what = self._random.choice(("a function is killed", "refused", "hangs", "nothing"))
        backend = self._listeners[self._random.choice(BACKENDS)]
        self.done[what] += 1
        if what == "a function is killed":
            self._functions.kill(self._random)
        elif what == "refused":
            backend.switch(Fault(What.REFUSE))
        elif what == "hangs":
            backend.switch(Fault(What.HANG))

    def end(self) -> None:
        """All is well from now on."""
        for one in self._listeners.values():
            one.schedule = Seeded(0, one.name, {})
            one.switch(None)
            one.release()
            self.done.update(one.injected)


class Troubled:
    """A store whose every operation may bring trouble."""

    def __init__(self, store: ObjectStore, troubles: Troubles) -> None:
        self._store, self._troubles = store, troubles

    def create(self, name: str, content: bytes, *, asynchronous: bool) -> Outcome:
        self._troubles.come()
        return self._store.create(name, content, asynchronous=asynchronous)

    def update(self, name: str, content: bytes, *, asynchronous: bool) -> Outcome:
        self._troubles.come()
        return self._store.update(name, content, asynchronous=asynchronous)

    def delete(self, name: str, *, asynchronous: bool) -> Outcome:
        self._troubles.come()
        return self._store.delete(name, asynchronous=asynchronous)

    def read(self, name: str) -> Outcome:
        self._troubles.come()
        return self._store.read(name)

    def stat(self, name: str) -> Outcome:
        self._troubles.come()
        return self._store.stat(name)


@pytest.fixture
def user(new_account: AccountFactory) -> Account:
    return new_account()


@pytest.fixture
def clients(user: Account) -> Iterator[list[Client]]:
    """A client at each entry point; none makes a call again."""
    made = [Client(user.endpoints[name], user.token) for name in BACKENDS]
    yield made
    for client in made:
        client.close()


@pytest.fixture
def patient(user: Account) -> Iterator[list[Client]]:
    """The same for who looks at what has become of it all."""
    made = [Client(user.endpoints[name], user.token, retries=5) for name in BACKENDS]
    yield made
    for client in made:
        client.close()


@pytest.mark.parametrize(("seed", "steps"), SEEDS)
def test_whatever_fails_nothing_is_lost_and_every_read_is_explained(
    user: Account,
    clients: list[Client],
    patient: list[Client],
    listeners: dict[str, Listener],
    functions: Functions,
    services: dict[str, StorageService],
    invoke: Callable[..., Any],
    show: Callable[[Table | str], None],
    seed: int,
    steps: int,
) -> None:
    seed = int(os.environ.get("MCOS_SEED", seed))
    container = patient[0].create_container(f"faults-{uuid4().hex[:12]}").name
    stores = [ClientStore(client, container) for client in clients]
    plans = plan(seed, clients=CLIENTS, names=NAMES, steps=steps, ways=len(stores), mix=MIX)
    for number in range(NAMES):  # there is something to change
        content = f"{seed}/first {number}".encode()
        first = Step(Kind.CREATE, f"object-{number}", content, True, number % len(stores))
        plans[number % CLIENTS].insert(0, first)
    troubles = Troubles(seed, listeners, functions)
    began = time.monotonic()
    try:
        recorder = drive(plans, [Troubled(store, troubles) for store in stores])
    finally:
        troubles.end()
    ended, made = time.monotonic(), recorder.history().operations

    everything = partial(_all_settled, patient[0], container, invoke)
    wait_until(everything, f"all of seed {seed} has settled", seconds=SETTLED_SECONDS)
    settled = time.monotonic() - ended
    recorder.settled()
    final = _last_looks([ClientStore(one, container) for one in patient], recorder)
    wrong_places = partial(_misplaced, patient[0], container, user.user_name, services)
    wait_until(lambda: not wrong_places(), f"replicas of seed {seed}", seconds=SETTLED_SECONDS)

    history = recorder.history()
    lost = lost_writes(history, final)
    wrong = violations(history, Visibility.AT_ONCE)
    states = {one.name: one.state for one in _objects(patient[0], container)}
    stuck = unsettled(states, ends=("CREATED", "FAILED"))
    taken = len(acknowledged(history.operations))
    table = Table(title=f"Faults on running clouds, seed {seed}")
    row = {
        "calls": len(made),
        "acknowledged": taken,
        "lost": len(lost),
        "wrong reads": len(wrong),
        "stuck": len(stuck),
        "took, s": round(ended - began),
        "settled after, s": round(settled),
        "faults": ", ".join(f"{name} {count}" for name, count in sorted(troubles.done.items())),
    }
    for name in row:
        table.add_column(name)
    table.add_row(*map(str, row.values()))
    show(table)
    assert [*map(str, wrong), *lost, *stuck] == [], f"seed {seed}\n{history.text()}"
    assert taken > NAMES / 2
    assert troubles.done.total() > steps


def _objects(client: Client, container: str) -> list[ObjectStat]:
    """Every object, as a consistent read tells."""
    found = []
    for one in client.all_objects(container):
        with suppress(ObjectNotFound):
            found.append(client.stat_object(container, one.name))
    return found


def _all_settled(client: Client, container: str, invoke: Callable[..., Any]) -> bool:
    """Whether nothing is under way any more; if it is, look after it as schedules do."""
    if all(one.settled for one in _objects(client, container)):
        return True
    for name in BACKENDS:
        for function, event in (("check_health", {}), ("sweep_pending", NO_AGE)):
            with suppress(AssertionError):  # it may take too long, and is called again
                invoke(name, function, event)
    return False


def _last_looks(stores: list[ClientStore], recorder: Recorder) -> dict[str, str | None]:
    """Read every object by every way in, and take it down; what was read last, by name."""
    final: dict[str, str | None] = {}
    for number in range(NAMES):
        name = f"object-{number}"
        for at in range(len(stores)):
            for kind in (Kind.READ, Kind.STAT):
                step = Step(kind, name, None, False, at)
                outcome = perform(step, stores, recorder, "at the end")
                if kind is Kind.READ:
                    gone = outcome.result is Result.ABSENT
                    final[name] = None if gone else outcome.seen or "what cannot be read"
    return final


def _misplaced(
    client: Client, container: str, account: str, services: Mapping[str, StorageService]
) -> list[str]:
    """Where the services hold something else than the catalog says."""
    wanted: dict[str, dict[str, str]] = {name: {} for name in BACKENDS}
    for one in _objects(client, container):
        if one.state == "CREATED":
            content = client.download_object(container, one.name).content
            for cluster in BACKENDS:
                wanted[cluster][f"{account}/{one.version}"] = value_of(content)
    held = {
        cluster: {
            replica: value_of(services[cluster].read(replica) or b"")
            for replica in services[cluster].replicas()
            if replica.startswith(f"{account}/")
        }
        for cluster in BACKENDS
    }
    return misplaced(wanted, held)
