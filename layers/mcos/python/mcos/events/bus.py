"""The deployment's event bus, and the queue of what could not be published."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mcos.aws import AWS_ERRORS, client
from mcos.settings import event_bus, unpublished_queue_url

ENTRIES_AT_ONCE = 10
"""As many as one PutEvents takes."""

NOT_REACHED = "NotReached"
"""Stands for EventBridge's own codes where it gave no answer."""

NEVER = frozenset({"InvalidArgument", "MalformedDetail"})
"""EventBridge's codes for an entry that it will not take however often it is sent."""


@dataclass(frozen=True)
class Entry:
    """An event for the bus; ``detail`` is what becomes JSON."""

    source: str
    detail_type: str
    detail: Mapping[str, Any]
    time: datetime


def put(entries: Sequence[Entry]) -> list[str | None]:
    """Put at most ``ENTRIES_AT_ONCE`` events: one network call.

    Returns
    -------
    For each entry the code of why it was not taken; None: it was.
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
        # A batch that is refused as a whole is so for what all entries have in common.
        return [f"{NOT_REACHED}: {type(error).__name__}"] * len(entries)
    return [one.get("ErrorCode") for one in reply["Entries"]]


def set_aside(message: Mapping[str, Any]) -> None:
    """Keep a note of a change that can never be published; durable when it returns."""
    client("sqs").send_message(QueueUrl=unpublished_queue_url(), MessageBody=json.dumps(message))
