"""What every worker does around its work: one log line, and counting."""

from collections.abc import Callable
from typing import Any

from chalicelib.shared.endpoint import record
from mcos import clock


def logged(call: str, work: Callable[[], tuple[str, Any]], **fields: Any) -> Any:
    """Do ``work``, which returns its outcome for the log and its result; return the result.

    An exception is logged and goes on to whoever called the worker, who will try again.
    """
    started = clock.elapsed()
    try:
        outcome, result = work()
    except Exception as error:
        record(call, "internal_error", started, error=error, **fields)
        raise
    record(call, outcome, started, **fields)
    return result
