"""get_replica: called by another cluster's functions to read a replica that is here."""

from collections.abc import Mapping
from typing import Any

from chalicelib.worker import logged
from mcos.model import Version
from mcos.workers.get_replica import get_replica


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """``{"account", "version", "first", "last"}`` to ``{"content"}`` or ``{"reason"}``."""
    version = Version.from_json(event["version"])

    def work() -> tuple[str, dict[str, Any]]:
        result = get_replica(event["account"], version, event["first"], event["last"])
        return "ok" if "content" in result else "unreadable", result

    result: dict[str, Any] = logged(
        "get_replica", work, account=event["account"], version=version.id
    )
    return result
