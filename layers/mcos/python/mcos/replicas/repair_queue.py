"""Messages to the clusters' repair queues.

``put``: store the cluster's replica of a version. ``verify``: check the cluster's replica, and
write it again if it is damaged. ``remove``: remove the cluster's replica. ``unstage``: remove
staged content. ``dispose``: dispose of the obsolete versions in an object's record.
"""

import json
from typing import Any

from mcos.aws import client
from mcos.model.objects import ObjectKey, Staged

LATE_SECONDS = 25
"""Time after which an unconfirmed write of a replica has ended."""

LATE_SECONDS_IN_PARTS = 900
"""The same for a replica that is written in parts; also SQS's longest delay."""


def late_seconds(*, in_parts: bool) -> int:
    """Return the time after which an unconfirmed write of a replica has ended."""
    return LATE_SECONDS_IN_PARTS if in_parts else LATE_SECONDS


def put_message(key: ObjectKey, version_id: str, *, in_parts: bool = False) -> dict[str, Any]:
    """Return the message ``put``."""
    return {**_of_object("put", key), "version": version_id, **_in_parts(in_parts)}


def verify_message(key: ObjectKey, version_id: str) -> dict[str, Any]:
    """Return the message ``verify``."""
    return {**_of_object("verify", key), "version": version_id}


def remove_message(account: str, version_id: str, *, in_parts: bool) -> dict[str, Any]:
    """Return the message ``remove``."""
    return {"action": "remove", "account": account, "version": version_id, **_in_parts(in_parts)}


def unstage_message(staged: Staged) -> dict[str, Any]:
    """Return the message ``unstage``."""
    return {"action": "unstage", "key": staged.key, "staged": staged.version}


def dispose_message(key: ObjectKey) -> dict[str, Any]:
    """Return the message ``dispose``."""
    return _of_object("dispose", key)


def _in_parts(in_parts: bool) -> dict[str, bool]:
    return {"in_parts": True} if in_parts else {}


def _of_object(action: str, key: ObjectKey) -> dict[str, Any]:
    account, container, name = key
    return {"action": action, "account": account, "container": container, "object": name}


def send(queue_url: str, message: dict[str, Any], *, delay_seconds: int = 0) -> None:
    """Send a message, which is delivered after the delay; it is durable on return.

    Parameters
    ----------
    delay_seconds
        0 to 900.

    Raises
    ------
    BotoCoreError, ClientError
    """
    client("sqs").send_message(
        QueueUrl=queue_url, MessageBody=json.dumps(message), DelaySeconds=delay_seconds
    )
