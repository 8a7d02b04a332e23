"""get_replica: called by another cluster's functions to read a replica of this cluster."""

from collections.abc import Mapping
from typing import Any

from chalicelib.shared.worker import logged
from mcos.model.objects import Version
from mcos.workers.get_replica import get_replica, sign_replica


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Read a replica, or sign a URL of it.

    Take ``{"account", "version", "first", "last"}`` and return ``{"content"}``, or take
    ``{"account", "version", "sign": {"filename"}}`` and return ``{"url"}``. If the replica cannot
    be read, return ``{"reason", "damaged"}``.
    """
    account, version = event["account"], Version.from_json(event["version"])

    def work() -> tuple[str, dict[str, Any]]:
        if "sign" in event:
            result = sign_replica(account, version, filename=event["sign"]["filename"])
        else:
            result = get_replica(account, version, event["first"], event["last"])
        return "unreadable" if "reason" in result else "ok", result

    result: dict[str, Any] = logged("get_replica", work, account=account, version=version.id)
    return result
