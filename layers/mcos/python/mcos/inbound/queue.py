"""The dead-letter queue for inbound messages that cannot become an object."""

from mcos.aws import client
from mcos.settings import inbound_dlq_url

_REASON_CHARACTERS = 1000


def refuse(body: str, *, code: str, reason: str) -> None:
    """Put a message into the dead-letter queue, unchanged, with a reason; durable on return.

    Raises
    ------
    BotoCoreError, ClientError
    """
    attributes = {"code": code, "reason": reason[:_REASON_CHARACTERS]}
    client("sqs").send_message(
        QueueUrl=inbound_dlq_url(),
        MessageBody=body,
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    )
