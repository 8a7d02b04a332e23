"""sweep_pending: called every minute."""

from collections.abc import Mapping
from typing import Any

from chalicelib.shared.endpoint import tell
from chalicelib.shared.worker import logged
from mcos import limits
from mcos.model.concerns import Concern
from mcos.workers.sweep_pending import sweep_pending

_SECONDS = 40  # the function has 60


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Take ``{"older_than_seconds"?}``; return the number of objects by the action taken."""

    def work() -> tuple[str, dict[str, int]]:
        done = sweep_pending(
            older_than_seconds=float(event.get("older_than_seconds", limits.SWEPT_AFTER_SECONDS)),
            seconds=_SECONDS,
        )
        if given_up := done.get("given_up"):
            tell(Concern.GIVEN_UP, given_up)
        return "swept" if done else "nothing", done

    result: dict[str, Any] = logged("sweep_pending", work)
    return result
