"""Waiting for a condition, the one place where a test lets time pass."""

import time
from collections.abc import Callable

_PAUSE = 0.05


def wait_until(condition: Callable[[], object], what: str, *, seconds: float = 180.0) -> None:
    """Return as soon as ``condition()`` is true.

    Raises
    ------
    TimeoutError
        ``what`` has not come true within ``seconds``.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds} seconds it is not true that {what}")
        time.sleep(_PAUSE)
