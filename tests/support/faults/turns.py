"""Tasks that run at the same time in one process, of which one goes on at a time.

Whenever a task makes a network call, another one may go on first: which one is drawn from a seed.
Now and then one is put aside for long, so that others do all that they have to do meanwhile. What
a function believes of itself (its environment, its cluster) comes back with its turn.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from threading import Semaphore, Thread

from tests.support.cloud import Cloud

Task = Callable[[], None]

_PUT_ASIDE = 0.01
"""How often a task that makes a call is put aside."""

_LONG = (10, 50, 250)
"""For so many turns of others."""


@dataclass(eq=False)
class _Actor:
    task: Task
    turn: Semaphore = field(default_factory=lambda: Semaphore(0))
    done: bool = False
    aside_until: int = 0
    raised: BaseException | None = None


class Turns:
    """Gives tasks their turns.

    Parameters
    ----------
    random
        Draws who goes on. Nothing else may draw from it while tasks run, but tasks in their turn.

    Attributes
    ----------
    steps
        How many turns were given.
    """

    def __init__(self, cloud: Cloud, random: Random) -> None:
        self._cloud, self._random = cloud, random
        self._over = Semaphore(0)
        self._actors: list[_Actor] = []
        self._going: _Actor | None = None
        self._steadiness = 0.0
        self.steps = 0

    def play(self, tasks: Sequence[Task]) -> None:
        """Run the tasks to their ends; what one of them raised comes through."""
        self._actors = [_Actor(task) for task in tasks]
        self._steadiness = self._random.choice((0.0, 0.5, 0.9))
        for actor in self._actors:
            Thread(target=self._act, args=(actor,), daemon=True).start()
        with self._listening():
            self._pass_on()
            self._over.acquire()
        for actor in self._actors:
            if actor.raised is not None:
                raise actor.raised

    def put_aside(self) -> None:
        """Let the task whose turn it is wait for long when it makes its next call."""
        if self._going is not None:
            self._going.aside_until = self.steps + self._random.choice(_LONG)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        network = self._cloud.network
        place = network.place
        network.before = self._pause
        try:
            yield
        finally:
            network.before = None
            self._going = None
            self._cloud.return_to(place)

    def _act(self, actor: _Actor) -> None:
        actor.turn.acquire()
        try:
            actor.task()
        except BaseException as error:
            actor.raised = error
        actor.done = True
        self._pass_on()

    def _pause(self, name: str) -> None:
        # A thread that the code has made belongs to the task whose turn it is.
        actor = self._going
        if actor is None:
            return
        place = self._cloud.network.place
        if self._random.random() < _PUT_ASIDE:
            self.put_aside()
        self._pass_on()
        if self._going is not actor:
            actor.turn.acquire()
            self._cloud.return_to(place)

    def _pass_on(self) -> None:
        """Give the turn to the next one, which may be the same one; without any it is over."""
        before = self._going
        self._going = self._next()
        if self._going is None:
            self._over.release()
        elif self._going is not before:
            self._going.turn.release()

    def _next(self) -> _Actor | None:
        self.steps += 1
        waiting = [actor for actor in self._actors if not actor.done]
        ready = [actor for actor in waiting if actor.aside_until <= self.steps]
        if not ready:
            return min(waiting, key=lambda actor: actor.aside_until, default=None)
        if self._going in ready and self._random.random() < self._steadiness:
            return self._going
        return self._random.choice(ready)
