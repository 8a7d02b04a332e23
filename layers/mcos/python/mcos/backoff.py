"""Letting a message of a queue come again, sooner after few tries than after many."""

from mcos.aws import client

_FIRST_SECONDS = 5
_LAST_SECONDS = 60


def retry_later(queue_url: str, receipt_handle: str, *, tries: int) -> None:
    """Let a message that was received come again after a while."""
    seconds = min(_FIRST_SECONDS * 2 ** min(tries - 1, 10), _LAST_SECONDS)
    client("sqs").change_message_visibility(
        QueueUrl=queue_url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
    )
