"""digest_content: the first step of the state machine for content that did not come with a call."""

from typing import Any

from chalicelib.shared.worker import logged
from mcos.model.messages import DigestInput, DigestResult
from mcos.model.objects import ObjectRecord
from mcos.workers.digest_content import digest_content

# Less than the state machine waits, and so long that the largest content takes a third of the
# 25,000 events that an execution may have, at 6 MB a second and 7 events a call.
_SECONDS = 800


def handle(event: DigestInput, context: Any) -> DigestResult:
    """Continue the digests of a version."""
    record = ObjectRecord.from_json(event["record"])
    version = record.find(event["version_id"])
    if version is None:
        raise ValueError("the record must have the version to be digested")

    def work() -> tuple[str, DigestResult]:
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

    result: DigestResult = logged(
        "digest_content", work, account=record.account, version=version.id
    )
    return result
