"""digest_content: the first step of the state machine for content that did not come with a call."""

from collections.abc import Mapping
from typing import Any

from chalicelib.shared.worker import logged
from mcos.model.objects import ObjectRecord
from mcos.workers.digest_content import digest_content

# Less than the state machine waits, and short enough that a lost call costs little.
_SECONDS = 40


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Take ``{"record", "version_id", "content", "digests", "seconds"?}``; return changes to it."""
    record = ObjectRecord.from_json(event["record"])
    version = record.find(event["version_id"])
    if version is None:
        raise ValueError("the record must have the version to be digested")

    def work() -> tuple[str, dict[str, Any]]:
        result = digest_content(
            record,
            version,
            event["content"],
            event["digests"],
            seconds=event.get("seconds", _SECONDS),
        )
        if "outcome" in result:
            return result["outcome"], result
        return "digested" if "record" in result else "unfinished", result

    result: dict[str, Any] = logged(
        "digest_content", work, account=record.account, version=version.id
    )
    return result
