"""scrub_backend: called every minute."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.shared.endpoint import count
from chalicelib.shared.scrub_reply import describe
from chalicelib.shared.worker import logged
from mcos import clock
from mcos.model.jobs import JobState
from mcos.model.scrub import Scrub
from mcos.workers.scrub_backend import scrub_backend

# The schedule invokes the function every 60 s, which is also its timeout.
_SECONDS = 30


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any] | None:
    """Take ``{"seconds"?}``; return the run of this cluster's scrub, or null."""

    began = clock.now()

    def work() -> tuple[str, Scrub | None]:
        run = scrub_backend(seconds=float(event.get("seconds", _SECONDS)))
        return "nothing" if run is None else str(run.state).lower(), run

    run: Scrub | None = logged("scrub_backend", work)
    if run is None:
        return None
    _count(run, began)
    return describe(run)


def _count(run: Scrub, began: str) -> None:
    """Write metrics: of a run that has just ended what it found, and that one was stopped.

    A metric costs by the hour in which it is seen.
    """
    if run.state is JobState.STOPPED and run.reason is not None:
        count("ScrubStopped", 1)
    if run.ended_at is not None and run.ended_at >= began:
        count("ScrubRepaired", run.counts.repaired)
        count("ScrubUnrepairable", run.counts.unrepairable)
        count("ScrubOrphans", run.counts.orphans)
        count("ScrubUnknown", run.counts.unknown)
        oldest = run.oldest_full_reading
        if oldest is not None:
            age = clock.moment() - datetime.fromisoformat(oldest)
            count("ScrubOldestReadingDays", age.days)
