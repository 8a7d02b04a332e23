"""check_health: called every minute."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.shared.endpoint import count
from chalicelib.shared.worker import logged
from mcos import clock
from mcos.workers.check_health import check_health, examine_new_backend


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Take any event; return ``{"healthy", "reason", "refusals", "warnings"}``.

    With ``{"examine": true}``, as a deployment asks before it links the cluster, only the backend's
    settings and rights are looked at.
    """

    def work() -> tuple[str, dict[str, Any]]:
        health = examine_new_backend() if event.get("examine") else check_health()
        count("Healthy", int(health.healthy))
        if health.warnings:
            count("BackendWarnings", len(health.warnings))
        if health.journal_at is not None:
            age = clock.moment() - datetime.fromisoformat(health.journal_at)
            count("JournalAgeSeconds", int(age.total_seconds()))
        outcome = "healthy" if health.healthy else "down"
        result = {"healthy": health.healthy, "reason": health.reason}
        return outcome, {
            **result,
            "refusals": list(health.refusals),
            "warnings": list(health.warnings),
        }

    result: dict[str, Any] = logged("check_health", work)
    return result
