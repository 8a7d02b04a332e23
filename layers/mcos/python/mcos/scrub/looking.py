"""Looking at several copies at once, and telling a copy that is ill from a backend that is away."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from threading import Event
from typing import TypeVar

from mcos import clock
from mcos.replicas.backend import MARKER, own_backend
from mcos.scrub.signals import Waits
from mcos.storage import ReplicaNotFound, StorageError

One = TypeVar("One")
Seen = TypeVar("Seen")

_PAGE = 100
_LONGEST_PAUSE_SECONDS = 10

# They live as long as the function, because backends may keep a connection per thread.
_looking = ThreadPoolExecutor(max_workers=8, thread_name_prefix="scrub")


def page_size(rate: float) -> int:
    """Return how many copies are looked at before the run is written down again."""
    return max(1, min(_PAGE, int(rate * _LONGEST_PAUSE_SECONDS)))


def look_at_each(look: Callable[[One], Seen], things: Iterable[One]) -> list[Seen]:
    """Look at things side by side; once one look fails, no other is begun.

    Raises
    ------
    Waits, and whatever else ``look`` raises
    """
    failed = Event()

    def one(thing: One) -> Seen:
        if failed.is_set():
            raise Waits("another look failed")
        try:
            return look(thing)
        except BaseException:
            failed.set()
            raise

    looks: Sequence[Future[Seen]] = [_looking.submit(one, thing) for thing in things]
    errors = [error for error in (look.exception() for look in looks) if error is not None]
    for error in errors:
        if not isinstance(error, Waits):
            raise error
    if errors:
        raise errors[0]
    return [look.result() for look in looks]


def check_answers(error: StorageError) -> None:
    """Refuse to go on if the backend answers nothing: then ``error`` says nothing of a copy.

    Raises
    ------
    Waits
    """
    try:
        own_backend().stat(MARKER)
    except ReplicaNotFound:
        pass
    except StorageError:
        raise Waits(f"the backend does not answer: {type(error).__name__}") from error


def is_older(version_id: str, moment: datetime) -> bool:
    """Whether a version was made before a moment; so was what has no id from which that shows."""
    made_at = clock.made_at(version_id)
    return made_at is None or made_at < moment


def keep_rate(looked_at: int, rate: float, began: float) -> None:
    """Wait until so many copies may have been looked at since ``clock.elapsed()`` was ``began``."""
    clock.sleep(max(0.0, looked_at / rate - (clock.elapsed() - began)))
