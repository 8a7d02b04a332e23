"""put_parts: called by the state machine for a large replica, repeatedly until it is complete."""

from typing import Any

from chalicelib.shared.worker import logged
from mcos.model.messages import PutInput, PutResult
from mcos.workers.put_parts import put_parts

# The function has 900 s: parts that have begun may end after these. Fewer, and three targets would
# have more than the 25,000 events that an execution may have, in the ten days that it has.
_SECONDS = 780


def handle(event: PutInput, context: Any) -> PutResult:
    """Write missing parts of a replica."""

    def work() -> tuple[str, PutResult]:
        result = put_parts(
            event["replica"], event["content"], seconds=event.get("seconds", _SECONDS)
        )
        if result["stored"]:
            return "stored", result
        return result.get("reason", "unfinished").partition(":")[0], result

    replica = event["replica"]
    result: PutResult = logged(
        "put_parts", work, account=replica["account"], version=replica["version"]
    )
    return result
