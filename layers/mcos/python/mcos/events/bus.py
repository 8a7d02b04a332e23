"""The deployment's event bus, and the queue of changes that cannot be published."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mcos.aws import AWS_ERRORS, client, region_of
from mcos.model.messages import StateChange, UnpublishedChange
from mcos.settings import event_bus, unpublished_queue_url

ENTRIES_AT_ONCE = 10
"""Most entries of one PutEvents."""

NOT_REACHED = "NotReached"
"""Code for entries of a PutEvents that failed as a whole."""

NEVER = frozenset({"InvalidArgument", "MalformedDetail"})
"""EventBridge's codes for an entry that it will always refuse."""


@dataclass(frozen=True)
class Entry:
    """An event for the bus; ``detail`` is written as JSON."""

    source: str
    detail_type: str
    detail: StateChange
    time: datetime


def put(entries: Sequence[Entry]) -> list[str | None]:
    """Put at most ``ENTRIES_AT_ONCE`` events on the bus: one network call.

    Returns
    -------
    For each entry, the code of the reason why it was refused; None: it was accepted.
    """
    try:
        reply = client("events").put_events(
            Entries=[
                {
                    "EventBusName": event_bus(),
                    "Source": entry.source,
                    "DetailType": entry.detail_type,
                    "Detail": json.dumps(entry.detail, ensure_ascii=False),
                    "Time": entry.time,
                }
                for entry in entries
            ]
        )
    except AWS_ERRORS as error:
        # A batch is refused as a whole for a reason that all its entries share.
        return [f"{NOT_REACHED}: {type(error).__name__}"] * len(entries)
    return [one.get("ErrorCode") for one in reply["Entries"]]


def set_aside(message: UnpublishedChange) -> None:
    """Send a note of a change that can never be published to the queue; durable on return.

    Raises
    ------
    BotoCoreError, ClientError
    """
    queue_url = unpublished_queue_url()
    sqs = client("sqs", region=region_of(queue_url))
    sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(message))
