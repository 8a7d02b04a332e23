"""sweep_pending: called every minute."""

from collections.abc import Mapping
from typing import Any

from chalicelib.shared.endpoint import count
from chalicelib.shared.worker import logged
from mcos.workers.sweep_pending import sweep_pending

# Longer than any execution of a version in one piece, and than a call waits for one.
_OLDER_THAN_SECONDS = 330
_SECONDS = 40  # the function has 60


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Take ``{"older_than_seconds"?}``; return the number of objects by the action taken."""

    def work() -> tuple[str, dict[str, int]]:
        done = sweep_pending(
            older_than_seconds=float(event.get("older_than_seconds", _OLDER_THAN_SECONDS)),
            seconds=_SECONDS,
        )
        if given_up := done.get("given_up"):
            count("ObjectsGivenUp", given_up)
        return "swept" if done else "nothing", done

    result: dict[str, Any] = logged("sweep_pending", work)
    return result
