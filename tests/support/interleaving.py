"""Runs calls at the same time, in every order in which their steps can follow each other.

A step is what lies between two calls of the catalog: whatever else they speak to, two calls never
speak to the same part of it, so the order makes no difference there.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Semaphore, Thread, get_ident
from typing import Any

from tests.support.network import Network

Outcome = Any
"""What a call returned, or the exception that it raised."""


@dataclass
class _Actor:
    call: Callable[[], Any]
    turn: Semaphore = field(default_factory=lambda: Semaphore(0))
    done: bool = False
    outcome: Outcome = None


class Stage:
    """Lets one actor at a time go on to its next call of the catalog.

    Parameters
    ----------
    choices
        Which of the actors that can go on goes first, second, ...; the first of them when the
        choices are used up.

    Attributes
    ----------
    taken
        The choices that were made, and among how many.
    """

    def __init__(self, network: Network, choices: Sequence[int]) -> None:
        self._network = network
        self._choices = choices
        self._waiting = Semaphore(0)
        self._actors: dict[int, _Actor] = {}
        self.taken: list[tuple[int, int]] = []

    def play(self, *calls: Callable[[], Any]) -> list[Outcome]:
        """Run the calls to their ends; what each returned or raised."""
        actors = [_Actor(call) for call in calls]
        threads = [Thread(target=self._act, args=(actor,), daemon=True) for actor in actors]
        with self._listening():
            for thread in threads:
                thread.start()
                self._waiting.acquire()
            while going := [actor for actor in actors if not actor.done]:
                position = len(self.taken)
                chosen = self._choices[position] if position < len(self._choices) else 0
                chosen %= len(going)
                self.taken.append((chosen, len(going)))
                going[chosen].turn.release()
                self._waiting.acquire()
            for thread in threads:
                thread.join()
        return [actor.outcome for actor in actors]

    @contextmanager
    def _listening(self) -> Iterator[None]:
        self._network.before = self._pause
        try:
            yield
        finally:
            self._network.before = None

    def _act(self, actor: _Actor) -> None:
        self._actors[get_ident()] = actor
        self._waiting.release()
        actor.turn.acquire()
        try:
            actor.outcome = actor.call()
        except Exception as error:
            actor.outcome = error
        actor.done = True
        del self._actors[get_ident()]
        self._waiting.release()

    def _pause(self, name: str) -> None:
        actor = self._actors.get(get_ident())
        if actor and name.startswith("dynamodb:"):
            self._waiting.release()
            actor.turn.acquire()


def interleavings(network: Network) -> Iterator[Stage]:
    """A stage for each order; play the same calls on each, from the same state."""
    choices: list[int] = []
    while True:
        stage = Stage(network, choices)
        yield stage
        taken = list(stage.taken)
        while taken and taken[-1][0] + 1 == taken[-1][1]:
            taken.pop()
        if not taken:
            return
        chosen, _ = taken.pop()
        choices = [*(earlier for earlier, _ in taken), chosen + 1]
