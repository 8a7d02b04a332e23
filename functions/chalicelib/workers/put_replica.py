"""put_replica: called by the state machine, once for each target cluster."""

from collections.abc import Mapping
from typing import Any

from chalicelib.shared.worker import logged
from mcos.workers.put_replica import put_replica


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Take ``{"replica", "content"}``; return ``{"cluster", "stored", "reason"?}``."""

    def work() -> tuple[str, dict[str, Any]]:
        result = put_replica(event["replica"], event["content"])
        return "stored" if result["stored"] else result["reason"].partition(":")[0], result

    replica = event["replica"]
    result: dict[str, Any] = logged(
        "put_replica", work, account=replica["account"], version=replica["version"]
    )
    return result
