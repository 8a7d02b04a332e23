"""Messages to the clusters' repair queues: what is owed to a cluster's backend, or to an object.

``put``: the cluster is to store its replica of a version. ``remove``: it is to remove one.
``unstage``: it is to forget a staged content. ``dispose``: any cluster is to dispose of what is
obsolete in an object's record.
"""

import json
from typing import Any

from mcos.aws import client
from mcos.catalog.objects import Key


def put_message(key: Key, version_id: str) -> dict[str, Any]:
    account, container, name = key
    return {
        "action": "put",
        "account": account,
        "container": container,
        "object": name,
        "version": version_id,
    }


def remove_message(account: str, version_id: str) -> dict[str, Any]:
    return {"action": "remove", "account": account, "version": version_id}


def unstage_message(version_id: str) -> dict[str, Any]:
    return {"action": "unstage", "version": version_id}


def dispose_message(key: Key) -> dict[str, Any]:
    account, container, name = key
    return {"action": "dispose", "account": account, "container": container, "object": name}


def send(queue_url: str, message: dict[str, Any]) -> None:
    """Send a message; durable when it returns."""
    client("sqs").send_message(QueueUrl=queue_url, MessageBody=json.dumps(message))
