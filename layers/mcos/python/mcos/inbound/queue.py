"""The cluster's inbound queue, and the one for messages that cannot become an object."""

import os

from mcos.aws import client

_REASON_CHARACTERS = 1000


def url() -> str:
    """Where messages come from."""
    return os.environ["MCOS_INBOUND_QUEUE_URL"]


def refuse(body: str, *, code: str, reason: str) -> None:
    """Put a message into the dead-letter queue, as it came, with a reason; durable on return."""
    told = {"code": code, "reason": reason[:_REASON_CHARACTERS]}
    client("sqs").send_message(
        QueueUrl=os.environ["MCOS_INBOUND_DLQ_URL"],
        MessageBody=body,
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value} for name, value in told.items()
        },
    )
