"""Making a request: repeating it once, and refusing malformed replies."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from mcos import clock
from mcos.storage.contract import BackendRefused, StorageError, Timeouts

Reply = TypeVar("Reply")


class NoReply(Exception):
    """A request ended without a reply. It never leaves this package.

    Attributes
    ----------
    failure
        The exception to raise if the request is not repeated.
    """

    def __init__(self, failure: StorageError) -> None:
        super().__init__()
        self.failure = failure


def repeat_once(
    request: Callable[[], Reply],
    timeouts: Timeouts,
    *,
    prepare: Callable[[], None] | None = None,
    repeatable: bool = True,
) -> Reply:
    """Make a request, and repeat it once if the connection failed quickly.

    A function that was frozen between two calls finds its pooled connections closed; a second try
    costs little. A request that hung is not repeated, because it would hang again. A request that
    was answered, even with 503, is repeated by the caller, who knows better when. The SDKs' own
    retries do not make these distinctions and are switched off.

    Parameters
    ----------
    request
        Raises ``NoReply`` if there was no reply.
    timeouts
        The request is repeated only if it failed within ``connect_seconds``.
    prepare
        Called before the second try.
    repeatable
        Whether there may be a second try.

    Raises
    ------
    StorageError
        The ``failure`` of the last ``NoReply``.
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


def without_reply(where: str, error: Exception) -> str:
    """Return what a message says of a request that had no reply."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return f"{where} was not sent: the service's certificate is not trusted (ca_certificate)"
    return f"{where} had no reply ({type(error).__name__})"


@contextmanager
def parsing(where: str) -> Iterator[None]:
    """Turn the errors caused by a reply without the expected fields into ``BackendRefused``.

    A captive portal, or another service on the port, answers 200 too.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise BackendRefused(
            f"{where} was answered with a malformed reply ({type(error).__name__})"
        ) from None
