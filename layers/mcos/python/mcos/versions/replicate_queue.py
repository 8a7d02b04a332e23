"""The cluster's replicate queue: acknowledged versions whose replicas are to be written.

Their number has no limit, and the number of executions at work on them has one: the queue's readers
hold a message until its execution has ended. See ``mcos.workers.replicate_version``.
"""

import json
from datetime import datetime

from mcos import clock
from mcos.aws import client, region_of
from mcos.model.messages import ReplicateMessage
from mcos.model.objects import ObjectKey
from mcos.model.versions import Version
from mcos.replicas import repair_queue
from mcos.settings import settings

_BACKLOG = 100
"""With more messages in the queue, a version without replicas most likely waits among them."""

_OLD_SECONDS = 3600
_BACKLOG_OF_OLD = 1000
"""The same for a version that was accepted so long ago: others that cannot be stored do not keep
it waiting for ever."""


def send(key: ObjectKey, version_id: str) -> None:
    """Queue a version; it is durable on return. A second message of a version is harmless.

    Raises
    ------
    BotoCoreError, ClientError
    """
    message: ReplicateMessage = {
        "account": key.account,
        "container": key.container,
        "object": key.name,
        "version": version_id,
    }
    queue_url = settings().replicate_queue_url
    client("sqs", region=region_of(queue_url)).send_message(
        QueueUrl=queue_url, MessageBody=json.dumps(message)
    )


def send_again(key: ObjectKey, version: Version) -> bool:
    """Queue a version whose message may be lost, unless it is likely to be in the queue still.

    So a long queue, or a long outage, is not made longer by those who look after it.

    Returns
    -------
    Whether it was sent.

    Raises
    ------
    BotoCoreError, ClientError
    """
    age = (clock.moment() - datetime.fromisoformat(version.created_at)).total_seconds()
    if repair_queue.waiting(settings().replicate_queue_url) > (
        _BACKLOG_OF_OLD if age > _OLD_SECONDS else _BACKLOG
    ):
        return False
    send(key, version.id)
    return True
