"""publish_changes: fed by the stream of the table of objects, a batch at a time."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib.shared.endpoint import logger
from chalicelib.shared.worker import logged
from mcos.workers.publish_changes import Change, publish_changes


class NotPublished(Exception):
    """No event of the batch could be published: the whole batch must be delivered again."""


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Take a batch of stream records; return the first one to be delivered again, if any.

    The stream delivers it and all after it again, which keeps the order. If nothing was published,
    the batch fails as a whole instead: for AWS that is the same, and emulators support only that.
    A batch is one PutEvents, which an emulator accepts or refuses as a whole.
    """
    changes = [_change(record) for record in event["Records"]]

    def work() -> tuple[str, dict[str, Any]]:
        done = publish_changes(changes)
        if done.set_aside or done.rest:
            told = {"set_aside": done.set_aside, "delayed": len(done.rest)}
            logger.warning("not published", extra=told)
        if not done.rest:
            return "published" if done.events else "nothing", {"batchItemFailures": []}
        if not done.events:
            raise NotPublished(f"{len(done.rest)} changes wait")
        again = {"itemIdentifier": done.rest[0].sequence_number}
        return "published some", {"batchItemFailures": [again]}

    result: dict[str, Any] = logged("publish_changes", work, changes=len(changes))
    return result


def _change(record: Mapping[str, Any]) -> Change:
    written = record["dynamodb"]
    return Change(
        sequence_number=written["SequenceNumber"],
        changed_at=datetime.fromtimestamp(written["ApproximateCreationDateTime"], UTC),
        keys=written["Keys"],
        old=written.get("OldImage"),
        new=written.get("NewImage"),
    )
