"""Messages to the clusters' repair queues.

``put``: store the cluster's replica of a version. ``verify``: check the cluster's replica, and
write it again if it is damaged. ``remove``: remove one copy from the backend. ``unstage``: remove
staged content. ``dispose``: see to what an object's record owes. ``file``: write a file of the
journal.
"""

import json
from base64 import b64encode
from typing import NamedTuple

from mcos.aws import client, region_of
from mcos.model.messages import (
    DisposeMessage,
    FileMessage,
    PutMessage,
    RemoveMessage,
    RepairMessage,
    UnstageMessage,
    Verified,
    VerifyMessage,
)
from mcos.model.objects import ObjectKey
from mcos.model.versions import Removal, Staged

LATE_SECONDS = 25
"""Time after which an unconfirmed write of a replica has ended."""

LATE_SECONDS_IN_PARTS = 900
"""The same for a replica that is written in parts; also SQS's longest delay."""


def late_seconds(*, in_parts: bool) -> int:
    """Return the time after which an unconfirmed write of a replica has ended."""
    return LATE_SECONDS_IN_PARTS if in_parts else LATE_SECONDS


def put_message(key: ObjectKey, version_id: str) -> PutMessage:
    """Return the message ``put``."""
    return {
        "action": "put",
        "account": key.account,
        "container": key.container,
        "object": key.name,
        "version": version_id,
    }


def verify_message(
    key: ObjectKey, version_id: str, *, done: Verified | None = None, renew: str | None = None
) -> VerifyMessage:
    """Return the message ``verify``.

    Parameters
    ----------
    renew
        Incarnation of a copy that is to be written anew even if it is whole.
    """
    message: VerifyMessage = {
        "action": "verify",
        "account": key.account,
        "container": key.container,
        "object": key.name,
        "version": version_id,
    }
    if done is not None:
        message["done"] = done
    if renew is not None:
        message["renew"] = renew
    return message


def remove_message(account: str, removal: Removal) -> RemoveMessage:
    """Return the message ``remove``."""
    message: RemoveMessage = {"action": "remove", "account": account, "version": removal.version}
    if removal.incarnation:
        message["incarnation"] = removal.incarnation
    if removal.in_parts:
        message["in_parts"] = True
    if removal.why:
        message["why"] = removal.why
    return message


def unstage_message(staged: Staged) -> UnstageMessage:
    """Return the message ``unstage``."""
    return {"action": "unstage", "key": staged.key, "staged": staged.version}


def dispose_message(key: ObjectKey) -> DisposeMessage:
    """Return the message ``dispose``."""
    return {
        "action": "dispose",
        "account": key.account,
        "container": key.container,
        "object": key.name,
    }


def file_message(key: str, content: bytes) -> FileMessage:
    """Return the message ``file``."""
    return {"action": "file", "key": key, "content": b64encode(content).decode("ascii")}


def waiting(queue_url: str) -> int:
    """Return the approximate number of messages in a queue, those being worked on too.

    Raises
    ------
    BotoCoreError, ClientError
    """
    return sum(counts(queue_url))


def ready(queue_url: str) -> int:
    """Return the approximate number of messages in a queue that could be worked on now.

    Those that have failed and wait for their next try are not among them.

    Raises
    ------
    BotoCoreError, ClientError
    """
    return counts(queue_url).ready


class Counts(NamedTuple):
    """About how many messages of a queue could be worked on now, and how many others it has."""

    ready: int
    held: int


def counts(queue_url: str) -> Counts:
    """Return the approximate number of messages in a queue: one network call.

    Raises
    ------
    BotoCoreError, ClientError
    """
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    sqs = client("sqs", region=region_of(queue_url))
    found = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=list(names))
    return Counts(*(int(found["Attributes"][name]) for name in names))


def send(queue_url: str, message: RepairMessage, *, delay_seconds: int = 0) -> None:
    """Send a message, which is delivered after the delay; it is durable on return.

    Parameters
    ----------
    delay_seconds
        0 to 900.

    Raises
    ------
    BotoCoreError, ClientError
    """
    client("sqs", region=region_of(queue_url)).send_message(
        QueueUrl=queue_url, MessageBody=json.dumps(message), DelaySeconds=delay_seconds
    )
