"""check_health: called every minute."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.shared.endpoint import count
from chalicelib.shared.worker import logged
from mcos import clock
from mcos.workers.check_health import check_health


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Take any event; return ``{"healthy", "reason"}``."""

    def work() -> tuple[str, dict[str, Any]]:
        health = check_health()
        count("Healthy", int(health.healthy))
        if health.journal_at is not None:
            age = clock.moment() - datetime.fromisoformat(health.journal_at)
            count("JournalAgeSeconds", int(age.total_seconds()))
        outcome = "healthy" if health.healthy else "down"
        return outcome, {"healthy": health.healthy, "reason": health.reason}

    result: dict[str, Any] = logged("check_health", work)
    return result
