"""scrub_backend: called every minute."""

from collections.abc import Mapping
from typing import Any

from chalicelib.shared.endpoint import tell
from chalicelib.shared.scrub_reply import describe
from chalicelib.shared.worker import logged
from mcos import clock
from mcos.model.concerns import Concern
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
    if run.ended_at is not None and run.ended_at >= began and run.counts.repaired:
        tell(Concern.DAMAGE, run.counts.repaired, run=run.id)
    return describe(run)
