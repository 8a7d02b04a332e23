"""Messages to the clusters' repair queues: what is owed to a cluster's backend, or to an object.

``put``: the cluster is to store its replica of a version. ``verify``: it is to look whether the
one that it has is whole. ``remove``: it is to remove one. ``unstage``: it is to forget a staged
content. ``dispose``: any cluster is to dispose of what is obsolete in an object's record.
"""

import json
from typing import Any

from mcos.aws import client
from mcos.model.objects import ObjectKey, Staged

LATE_SECONDS = 25
"""After how long nobody writes a replica any more that could not be confirmed."""

LATE_SECONDS_IN_PARTS = 900
"""The same of one that is written in parts; SQS delays no message longer."""


def late_seconds(*, in_parts: bool) -> int:
    return LATE_SECONDS_IN_PARTS if in_parts else LATE_SECONDS


def put_message(key: ObjectKey, version_id: str, *, in_parts: bool = False) -> dict[str, Any]:
    return {**_of_object("put", key), "version": version_id, **_in_parts(in_parts)}


def verify_message(key: ObjectKey, version_id: str) -> dict[str, Any]:
    return {**_of_object("verify", key), "version": version_id}


def remove_message(account: str, version_id: str, *, in_parts: bool) -> dict[str, Any]:
    return {"action": "remove", "account": account, "version": version_id, **_in_parts(in_parts)}


def unstage_message(staged: Staged) -> dict[str, Any]:
    return {"action": "unstage", "key": staged.key, "staged": staged.version}


def dispose_message(key: ObjectKey) -> dict[str, Any]:
    return _of_object("dispose", key)


def _in_parts(in_parts: bool) -> dict[str, bool]:
    return {"in_parts": True} if in_parts else {}


def _of_object(action: str, key: ObjectKey) -> dict[str, Any]:
    account, container, name = key
    return {"action": action, "account": account, "container": container, "object": name}


def send(queue_url: str, message: dict[str, Any], *, delay_seconds: int = 0) -> None:
    """Send a message, which arrives after a delay at the earliest; durable when it returns."""
    client("sqs").send_message(
        QueueUrl=queue_url, MessageBody=json.dumps(message), DelaySeconds=delay_seconds
    )
