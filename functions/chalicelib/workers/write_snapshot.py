"""write_snapshot: called every hour, and by operators."""

from collections.abc import Mapping
from typing import Any

from chalicelib.shared.worker import logged
from mcos.catalog import logins
from mcos.workers.write_snapshot import write_snapshot

_SECONDS = 240  # the function has 300


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Take ``{"seconds", "now", "accept_smaller"}``, all of which may be missing.

    Another call continues one that is ``begun``.
    """

    def work() -> tuple[str, dict[str, Any]]:
        outcome = write_snapshot(
            seconds=event.get("seconds", _SECONDS),
            now=event.get("now") is True,
            accept_smaller=event.get("accept_smaller") is True,
        )
        # What is done once an hour, by one cluster for all.
        logins.tidy()
        return outcome, {"outcome": outcome}

    result: dict[str, Any] = logged("write_snapshot", work)
    return result
