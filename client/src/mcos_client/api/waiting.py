"""Looking at an object until nothing is under way for it."""

from mcos_client.api.method import Procedure, Series, Show, ask, pause
from mcos_client.api.models import ObjectStat
from mcos_client.api.objects import stat_object
from mcos_client.errors import NotSettled, ObjectNotFound

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0
"""Seconds between two looks."""

LONGEST_LOOK = 25
"""Seconds that one look may wait for the object to be settled, at most."""


def watch_object(
    container: str, name: str, *, timeout: float = 60.0, look: int | None = None
) -> Series[ObjectStat]:
    """Get what an object is, each time that it changes, until nothing is under way for it.

    The last one is CREATED or FAILED, unless the object does not exist (any more).

    Parameters
    ----------
    timeout
        Seconds.
    look
        Seconds that one look may wait for the end; changes within them are not seen.

    Raises
    ------
    NotSettled
    """
    return _looks(container, name, timeout, look)


def wait_until_settled(
    container: str, name: str, *, timeout: float = 60.0
) -> Procedure[ObjectStat | None]:
    """Wait until nothing is under way for an object.

    Parameters
    ----------
    timeout
        Seconds.

    Returns
    -------
    The object, CREATED or FAILED; None if it does not exist (any more).

    Raises
    ------
    NotSettled
    """
    return _looks(container, name, timeout, LONGEST_LOOK)


def _looks(
    container: str, name: str, timeout: float, look: int | None
) -> Procedure[ObjectStat | None]:
    now = yield from pause(0.0)
    deadline, wait, seen = now + timeout, FIRST_PAUSE, None
    while True:
        left = max(1, int(deadline - now))
        at_most = None if look is None else min(look, left)
        try:
            stat = yield from ask(stat_object(container, name, wait=at_most))
        except ObjectNotFound:
            return None
        if stat != seen:
            yield Show(stat)
            seen = stat
        if stat.settled:
            return stat
        now = yield from pause(0.0)
        if now + wait > deadline:
            raise NotSettled(f"Object {name!r} is {stat.state} after {timeout:g} seconds.")
        now = yield from pause(wait)
        wait = min(2 * wait, LONGEST_PAUSE)
