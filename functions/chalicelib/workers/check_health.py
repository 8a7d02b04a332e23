"""check_health: called every minute."""

from collections.abc import Mapping
from typing import Any

from chalicelib.shared.worker import logged
from mcos.workers.check_health import check_health, examine_new_backend


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Take any event; return ``{"healthy", "reason", "refusals", "warnings"}``.

    With ``{"examine": true}``, as a deployment asks before it links the cluster, only the backend's
    settings and rights are looked at.
    """

    def work() -> tuple[str, dict[str, Any]]:
        health = examine_new_backend() if event.get("examine") else check_health()
        outcome = "healthy" if health.healthy else "down"
        result = {"healthy": health.healthy, "reason": health.reason}
        return outcome, {
            **result,
            "refusals": list(health.refusals),
            "warnings": list(health.warnings),
        }

    result: dict[str, Any] = logged("check_health", work)
    return result
