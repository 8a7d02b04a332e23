"""watch_cluster: called every five minutes."""

from collections.abc import Mapping
from typing import Any

from chalicelib.shared import metrics
from chalicelib.shared.endpoint import logger, tell
from chalicelib.shared.worker import logged
from mcos.model.concerns import Concern, Finding
from mcos.workers.watch_cluster import watch_cluster


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Take any event; return ``{"findings": [{"concern", "cluster", "reason", "value"}]}``.

    The metric ``Watched`` is the sign that it has looked at everything, and that metrics arrive.
    """

    def work() -> tuple[str, list[Finding]]:
        findings = watch_cluster()
        for one in findings:
            if isinstance(one.concern, Concern):
                tell(one.concern, one.value, about=one.cluster, reason=one.reason)
        logger.info("watched", extra=metrics.embedded({"Watched": 1}))
        return "concerned" if findings else "well", findings

    found: list[Finding] = logged("watch_cluster", work)
    return {"findings": [one.as_json() for one in found]}
