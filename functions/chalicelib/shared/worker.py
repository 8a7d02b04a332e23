"""Logging of the workers; AWS itself counts their calls, errors and durations."""

from collections.abc import Callable
from typing import Any

from chalicelib.shared.endpoint import record
from mcos import clock


def logged(call: str, work: Callable[[], tuple[str, Any]], **fields: Any) -> Any:
    """Do ``work``, write one log line, and return the result.

    Parameters
    ----------
    work
        Returns its outcome, for the log, and its result. Its exceptions are logged and raised
        again, so that the caller of the worker repeats it.
    fields
        Further fields of the log line.
    """
    started = clock.elapsed()
    try:
        outcome, result = work()
    except Exception as error:
        record(call, "internal_error", started, error=error, **fields)
        raise
    record(call, outcome, started, **fields)
    return result
