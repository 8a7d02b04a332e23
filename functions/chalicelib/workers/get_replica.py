"""get_replica: called by another cluster's functions to read a replica of this cluster."""

from typing import Any

from chalicelib.shared.worker import logged
from mcos.model.messages import ReadInput, ReadResult
from mcos.model.versions import Version
from mcos.workers.get_replica import get_replica, sign_replica


def handle(event: ReadInput, context: Any) -> ReadResult:
    """Read a range of a replica, or sign a URL of it."""
    account, version = event["account"], Version.from_json(event["version"])

    def work() -> tuple[str, ReadResult]:
        if "sign" in event:
            result = sign_replica(account, version, filename=event["sign"]["filename"])
        else:
            result = get_replica(account, version, event["first"], event["last"])
        return "unreadable" if "reason" in result else "ok", result

    result: ReadResult = logged("get_replica", work, account=account, version=version.id)
    return result
