"""put_replica: called by the state machine, once for each target cluster."""

from typing import Any

from chalicelib.shared.worker import logged
from mcos.model.messages import PutInput, PutResult
from mcos.workers.put_replica import put_replica


def handle(event: PutInput, context: Any) -> PutResult:
    """Write a replica."""

    def work() -> tuple[str, PutResult]:
        result = put_replica(event["replica"], event["content"])
        if result["stored"]:
            return "stored", result
        return result.get("reason", "").partition(":")[0], result

    replica = event["replica"]
    result: PutResult = logged(
        "put_replica", work, account=replica["account"], version=replica["version"]
    )
    return result
