"""run_jobs: called every minute, and when a job is started."""

from collections.abc import Mapping
from typing import Any

from chalicelib.shared.worker import logged
from mcos.workers.run_jobs import run_jobs

# The schedule invokes the function every 60 s, which is also its timeout.
_SECONDS = 40


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Take ``{"seconds"?}``; return the number of replicas that were started to move, by job."""

    def work() -> tuple[str, dict[str, int]]:
        moved = run_jobs(seconds=float(event.get("seconds", _SECONDS)))
        return "moved" if any(moved.values()) else "nothing", moved

    result: dict[str, Any] = logged("run_jobs", work)
    return result
