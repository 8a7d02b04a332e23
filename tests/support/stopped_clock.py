"""Time as an argument: a clock that a test moves."""

from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, wait
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Any


class StoppedClock:
    """A clock in place of the machine's (``mcos.clock.replaced_by``) that stands still by itself.

    Time passes when somebody sleeps, and when the test lets it pass. It begins at the machine's
    time, which moto keeps to.

    Attributes
    ----------
    pauses
        How long was slept each time, in seconds.
    look_seconds
        How much time it takes to look at what has elapsed.
    """

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self._began = datetime.now(UTC)
        self._seconds = 0.0
        self._frozen = 0.0
        self.look_seconds = 0.0
        self._events: list[tuple[float, Callable[[], object]]] = []
        self._lock = RLock()

    def moment(self) -> datetime:
        return self._began + timedelta(seconds=self._seconds + self._frozen)

    def elapsed(self) -> float:
        if self.look_seconds:
            self.advance(self.look_seconds)
        return self._seconds

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.advance(seconds)

    def first_of(self, running: Collection[Future[Any]], seconds: float | None) -> None:
        """Wait for as long as it takes: meanwhile no time passes."""
        wait(running, return_when=FIRST_COMPLETED)

    def go_to(self, moment: datetime) -> None:
        """Let it be that moment now."""
        self._frozen += (moment - self.moment()).total_seconds()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self._seconds += seconds
        while self._events and self._events[0][0] <= self._seconds:
            self._events.pop(0)[1]()

    def after(self, seconds: float, do: Callable[[], object]) -> None:
        """Let something happen once so much time has passed."""
        self._events.append((self._seconds + seconds, do))
        self._events.sort(key=lambda event: event[0])

    def forget(self) -> None:
        """Nothing was slept or frozen, nothing is to happen, and a look takes no time."""
        self.pauses.clear()
        self._frozen = 0.0
        self.look_seconds = 0.0
        self._events.clear()

    def freeze(self, seconds: float) -> None:
        """Let time pass while every function is frozen, as Lambda does between two calls."""
        self._frozen += seconds
