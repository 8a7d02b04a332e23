"""Time, and identifiers made from it.

All code that reads the time, measures it or waits does so here, so that a test can replace the
machine's clock with its own.
"""

import time
from collections.abc import Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from ulid import ULID


class Clock(Protocol):
    """A source of time."""

    def moment(self) -> datetime:
        """Return the current time in UTC. It advances while a function is frozen between calls."""

    def elapsed(self) -> float:
        """Return seconds since a fixed but arbitrary moment, to measure within one call.

        It stops while a function is frozen, so use ``moment`` for the age of anything that a warm
        function keeps.
        """

    def sleep(self, seconds: float) -> None:
        """Wait."""

    def first_of(self, running: Collection[Future[Any]], seconds: float | None) -> None:
        """Wait until one of the futures is done, at most ``seconds``; None: without a limit."""


class _Machine:
    """The machine's clock."""

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
    """For tests: use another clock, in all threads, within the ``with``."""
    global _clock
    before, _clock = _clock, other
    try:
        yield
    finally:
        _clock = before


def moment() -> datetime:
    """Return the current time in UTC; see ``Clock.moment``."""
    return _clock.moment()


def elapsed() -> float:
    """Return seconds, to measure within one call; see ``Clock.elapsed``."""
    return _clock.elapsed()


def sleep(seconds: float) -> None:
    """Wait for ``seconds``."""
    _clock.sleep(seconds)


def first_of(running: Collection[Future[Any]], seconds: float | None = None) -> None:
    """Wait until one of the futures is done, at most ``seconds``; None: without a limit."""
    _clock.first_of(running, seconds)


def text(moment: datetime) -> str:
    """Format a moment in UTC as RFC 3339 with milliseconds; such texts sort by time."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now() -> str:
    """Return the current time as ``text`` formats it."""
    return text(moment())


def later(seconds: float) -> str:
    """Return the time ``seconds`` from now (ago, if negative), as ``text`` formats it."""
    return text(moment() + timedelta(seconds=seconds))


def days_after(moment: str, days: int) -> str:
    """Return the time ``days`` after another one, both as ``text`` formats them."""
    return text(datetime.fromisoformat(moment) + timedelta(days=days))


def new_id(*, after: str = "") -> str:
    """Return a new ULID, greater than the ULID ``after`` even if this machine's clock is behind."""
    made = str(ULID.from_datetime(moment()))
    return made if made > after else next_id(after)


def next_id(one: str) -> str:
    """Return the ULID that follows ``one``."""
    return str(ULID.from_int(int(ULID.from_str(one)) + 1))


def id_of(moment: str) -> str:
    """Return a ULID as it may have been made at a time, RFC 3339."""
    return str(ULID.from_datetime(datetime.fromisoformat(moment)))


def made_at(one: str) -> datetime | None:
    """Return when a ULID was made, by the clock of its maker; None: it is none."""
    try:
        return ULID.from_str(one).datetime
    except ValueError:
        return None
