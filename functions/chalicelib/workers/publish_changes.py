"""publish_changes: fed by the stream of the table of objects, a batch at a time."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib.shared.endpoint import count
from chalicelib.shared.worker import logged
from mcos.workers.publish_changes import Change, Published, publish_changes


class NotPublished(Exception):
    """Nothing of the batch could be published: all of it is to come again."""


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """A batch of stream records to the first of them that is to come again, if one is.

    The stream gives it and all behind it again, so the order stays. A batch of which nothing was
    published fails as a whole instead: that is the same to AWS, and emulators know nothing else
    of a stream. What they have in a batch is one PutEvents, so there is no third case for them.
    """
    changes = [_change(record) for record in event["Records"]]

    def work() -> tuple[str, dict[str, Any]]:
        done = publish_changes(changes)
        _count(done)
        if not done.rest:
            return "published" if done.events else "nothing", {"batchItemFailures": []}
        if not done.events:
            raise NotPublished(f"{len(done.rest)} changes wait")
        again = {"itemIdentifier": done.rest[0].sequence_number}
        return "published some", {"batchItemFailures": [again]}

    result: dict[str, Any] = logged("publish_changes", work, changes=len(changes))
    return result


def _count(done: Published) -> None:
    if done.set_aside:
        count("EventsSetAside", done.set_aside)
    if done.rest:
        count("EventsDelayed", len(done.rest))


def _change(record: Mapping[str, Any]) -> Change:
    written = record["dynamodb"]
    return Change(
        sequence_number=written["SequenceNumber"],
        changed_at=datetime.fromtimestamp(written["ApproximateCreationDateTime"], UTC),
        keys=written["Keys"],
        old=written.get("OldImage"),
        new=written.get("NewImage"),
    )
