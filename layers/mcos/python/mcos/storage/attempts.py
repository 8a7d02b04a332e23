"""Making a request: the one repeat, and replies that make no sense."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from mcos import clock
from mcos.storage.contract import BackendRefused, StorageError, Timeouts

Result = TypeVar("Result")


class NoReply(Exception):
    """A request ended without a reply. Never leaves this package.

    Attributes
    ----------
    failure
        What to raise if it is not made again.
    """

    def __init__(self, failure: StorageError) -> None:
        super().__init__()
        self.failure = failure


def repeated_once(
    request: Callable[[], Result],
    timeouts: Timeouts,
    *,
    prepare: Callable[[], None] | None = None,
    repeatable: bool = True,
) -> Result:
    """Make a request, and again if the connection failed quickly.

    A function that was frozen between two calls finds its kept connections closed; trying once
    more costs nothing. What hung is not tried again, it would hang again; and what was answered,
    were it 503, is the caller's to repeat, which knows better when. The SDKs' own retries tell
    neither apart and are switched off.

    Parameters
    ----------
    request
        Raises ``NoReply`` when there was none.
    timeouts
        It is tried again only within ``connect_seconds``.
    prepare
        Called before the second try.
    repeatable
        False: there is no second try.

    Raises
    ------
    StorageError
        That of the ``NoReply``.
    """
    started = clock.elapsed()
    try:
        return request()
    except NoReply as none:
        if not repeatable or clock.elapsed() - started >= timeouts.connect_seconds:
            raise none.failure from None
    if prepare is not None:
        prepare()
    try:
        return request()
    except NoReply as none:
        raise none.failure from None


@contextmanager
def understood(where: str) -> Iterator[None]:
    """Turn what is raised by a reply without the expected fields into ``BackendRefused``.

    A portal, a wrong port, or a service that is no storage service says 200 too.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise BackendRefused(
            f"{where} was answered with what makes no sense ({type(error).__name__})"
        ) from None
