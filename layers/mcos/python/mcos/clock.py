"""Time, and the identifiers made of it.

Whatever asks for the time, measures it or waits asks here, so that a test can put a clock of its
own in place of the machine's and let time pass as it likes.
"""

import time
from collections.abc import Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from ulid import ULID


class Clock(Protocol):
    """What tells the time."""

    def moment(self) -> datetime:
        """The moment, in UTC. It goes on while a function is frozen between two calls."""

    def elapsed(self) -> float:
        """Seconds since some moment, for what begins and ends within one call.

        It stands still while a function is frozen: the age of what a warm function keeps is told
        by ``moment``.
        """

    def sleep(self, seconds: float) -> None:
        """Let time pass."""

    def first_of(self, running: Collection[Future[Any]], seconds: float | None) -> None:
        """Wait until one of these is done, at most so long; None: however long it takes."""


class _Machine:
    """The machine's own clock."""

    def moment(self) -> datetime:
        return datetime.now(UTC)

    def elapsed(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def first_of(self, running: Collection[Future[Any]], seconds: float | None) -> None:
        wait(running, timeout=seconds, return_when=FIRST_COMPLETED)


_clock: Clock = _Machine()


@contextmanager
def replaced_by(other: Clock) -> Iterator[None]:
    """For tests: let another clock tell the time, to every thread."""
    global _clock
    before, _clock = _clock, other
    try:
        yield
    finally:
        _clock = before


def moment() -> datetime:
    """Now, in UTC: see ``Clock.moment``."""
    return _clock.moment()


def elapsed() -> float:
    """Seconds, for what begins and ends within one call: see ``Clock.elapsed``."""
    return _clock.elapsed()


def sleep(seconds: float) -> None:
    """Wait so long."""
    _clock.sleep(seconds)


def first_of(running: Collection[Future[Any]], seconds: float | None = None) -> None:
    """Wait until one of these is done, at most so long; None: however long it takes."""
    _clock.first_of(running, seconds)


def text(moment: datetime) -> str:
    """A moment in UTC as RFC 3339 with milliseconds; texts of it sort by time."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now() -> str:
    """Now, as ``text``."""
    return text(moment())


def later(seconds: float) -> str:
    """The moment in so many seconds, as ``text``; that many ago if they are negative."""
    return text(moment() + timedelta(seconds=seconds))


def new_id(*, after: str = "") -> str:
    """A new ULID, greater than the ULID ``after`` whatever this machine's clock says."""
    made = str(ULID.from_datetime(moment()))
    return made if made > after else next_id(after)


def next_id(one: str) -> str:
    """The ULID that follows one."""
    return str(ULID.from_int(int(ULID.from_str(one)) + 1))
