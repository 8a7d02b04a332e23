"""A workload on an in-process cloud while things go wrong, and what came of it.

In rounds: the clients' operations and the workers' tasks of one round run at the same time, in
turns. Between two rounds an hour passes, so a worker that is late on purpose, or looks only at what
has waited for long, meets nothing of the same round.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from random import Random

from mcos.model.digests import digests_of
from mcos_client import Client
from tests.support.client_transport import Transport
from tests.support.cloud import CLUSTERS, Cloud, Unsettled
from tests.support.faults.background import Background
from tests.support.faults.final_state import lost_writes, misplaced, unsettled
from tests.support.faults.history import (
    History,
    Kind,
    Recorder,
    Result,
    acknowledged,
)
from tests.support.faults.linearizability import Violation, violations
from tests.support.faults.object_store import ClientStore
from tests.support.faults.register import Visibility
from tests.support.faults.trouble import Trouble, Troublemaker
from tests.support.faults.turns import Task, Turns
from tests.support.faults.wiped import Wipe, one_look_at_a_time
from tests.support.faults.workload import Mix, Step, perform, plan

CONTAINER = "photos"
_HOUR = 3600


@dataclass(frozen=True)
class Shape:
    """How much is done. ``steps``: of each client in each round; ``tasks``: of each worker."""

    clients: int = 4
    names: int = 1
    rounds: int = 8
    steps: int = 2
    workers: int = 2
    tasks: int = 3
    mix: Mix = field(default_factory=Mix)


@dataclass(frozen=True)
class Report:
    """What came of a run; the lists say what is wrong.

    Attributes
    ----------
    wrong_reads
        Objects whose history no order explains.
    stuck
        What never settled.
    """

    seed: int
    history: History
    faults: Counter[str]
    calls: int
    wrong_reads: list[Violation]
    lost: list[str]
    stuck: list[str]
    misplaced: list[str]

    @property
    def acknowledged(self) -> int:
        return len(acknowledged(self.history.operations))

    @property
    def complaints(self) -> list[str]:
        """Everything that is wrong."""
        return [*map(str, self.wrong_reads), *self.lost, *self.stuck, *self.misplaced]

    def __str__(self) -> str:
        return f"seed {self.seed}:\n" + "\n".join(self.complaints)


def run(
    cloud: Cloud, seed: int, trouble: Trouble, *, shape: Shape, visibility: Visibility
) -> Report:
    """Deploy a cloud anew, let clients work on it while things go wrong, let it settle, and judge.

    The same seed does the same again.
    """
    cloud.deploy()
    with _silence(), one_look_at_a_time():
        one = _Run(cloud, seed, trouble, shape)
        one.work()
        return one.judged(visibility)


@contextmanager
def _silence() -> Iterator[None]:
    """What functions say of what goes wrong on purpose, and measure, does not help anybody."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with redirect_stdout(StringIO()):
            yield
    finally:
        logging.disable(before)


class _Run:
    def __init__(self, cloud: Cloud, seed: int, trouble: Trouble, shape: Shape) -> None:
        self._cloud, self._seed, self._trouble, self._shape = cloud, seed, trouble, shape
        self._random = Random(f"run {seed}")
        self._turns = Turns(cloud, self._random)
        self._maker = Troublemaker(trouble, self._random, put_aside=self._turns.put_aside)
        self._background = Background(cloud, self._random, self._maker, trouble)
        self._wipe = Wipe(
            cloud, self._random, self._maker, number=trouble.wiped, at=shape.rounds // 3
        )
        self._recorder = Recorder()
        self._account = cloud.new_account()
        self._clients = [
            Client(f"https://{cluster}.test", transport=Transport(cloud, cluster))
            for cluster in CLUSTERS
        ]
        self._log_in()
        self._clients[0].create_container(CONTAINER)
        self._stores = [ClientStore(client, CONTAINER) for client in self._clients]
        self._plans = plan(
            seed,
            clients=shape.clients,
            names=shape.names,
            steps=shape.steps * shape.rounds,
            ways=len(self._stores),
            mix=shape.mix,
        )
        self._calls = 0
        self._stuck: list[str] = []

    def work(self) -> None:
        """All rounds, and then what is left to do, with nothing wrong any more."""
        with self._cloud.network.record() as calls:
            for number in range(self._shape.rounds):
                with_down = self._maker.happens("backend down", self._trouble.backend_down)
                down = self._random.choice(CLUSTERS) if with_down else None
                self._round(number, down)
            self._calls = len(calls)
        self._background.hand_back()
        self._settle()
        if not self._wipe.finish():
            self._stuck.append("a backend that has lost everything is not whole again")
        self._cloud.deliver_again()
        self._settle()
        self._recorder.settled()
        self._log_in()
        self._look_at_all()

    def _log_in(self) -> None:
        """No token lasts through a run."""
        for client in self._clients:
            client.token = self._cloud.token(self._account)

    def _round(self, number: int, down: str | None) -> None:
        self._cloud.clock.advance(_HOUR)
        self._log_in()
        self._wipe.begin_round()
        self._background.collect()
        if down:
            self._cloud.backends[down].refuse()
        self._cloud.network.choose = self._maker
        try:
            self._turns.play(list(self._tasks(number)))
        finally:
            self._cloud.network.choose = None
            if down:
                self._cloud.backends[down].accept()

    def _tasks(self, number: int) -> Iterator[Task]:
        first = number * self._shape.steps
        for client, steps in enumerate(self._plans):
            yield self._client(f"client-{client}", steps[first : first + self._shape.steps])
        for _ in range(self._shape.workers):
            yield self._worker
        if self._random.random() < self._trouble.swept:
            cluster = self._random.choice(CLUSTERS)
            yield lambda: self._background.sweep(cluster, older_than_seconds=_HOUR / 2)
        yield from self._wipe.tasks(number)

    def _client(self, name: str, steps: Sequence[Step]) -> Task:
        def act() -> None:
            for step in steps:
                perform(step, self._stores, self._recorder, name)

        return act

    def _worker(self) -> None:
        for _ in range(self._shape.tasks):
            self._background.do_something()

    def _settle(self) -> None:
        try:
            self._cloud.settle()
        except Unsettled as error:
            self._stuck.append(str(error))

    def _look_at_all(self) -> None:
        """Every object, by every way in."""
        for number in range(self._shape.names):
            name = f"object-{number}"
            for at in range(len(self._stores)):
                for kind in (Kind.READ, Kind.STAT):
                    step = Step(kind, name, None, False, at)
                    perform(step, self._stores, self._recorder, "at the end")

    def judged(self, visibility: Visibility) -> Report:
        history = self._recorder.history()
        last = _last_reads(history)
        states = {record.name: record.state.value for record in self._cloud.records(self._account)}
        stuck = [*self._stuck, *unsettled(states, ends=("CREATED", "FAILED"))]
        return Report(
            seed=self._seed,
            history=history,
            faults=self._maker.done,
            calls=self._calls,
            wrong_reads=violations(history, visibility),
            lost=lost_writes(history, last),
            stuck=stuck,
            misplaced=self._misplaced(),
        )

    def _misplaced(self) -> list[str]:
        wanted: dict[str, dict[str, str]] = {name: {} for name in self._cloud.backends}
        for record in self._cloud.records(self._account):
            for cluster in record.current.replicas if record.current else ():
                assert record.current is not None
                wanted[cluster][record.current.id] = record.current.sha256
        held = {
            cluster: {version: digests_of(body).sha256 for version, body in bodies.items()}
            for cluster, bodies in self._cloud.replicas(self._account).items()
        }
        return misplaced(wanted, held)


def _last_reads(history: History) -> dict[str, str | None]:
    """What was read of each object last; what could not be read is left out, and so lost."""
    last: dict[str, str | None] = {}
    for one in history.operations:
        if one.kind is Kind.READ and one.client == "at the end":
            gone = one.result is Result.ABSENT
            last[one.name] = None if gone else one.outcome.seen or "what cannot be read"
    return last
