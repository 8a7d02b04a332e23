"""Functions that are fed by a queue: they process each message of a batch on its own."""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from mcos.aws import AWS_ERRORS, retry_later

_log = logging.getLogger(__name__)

Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]


def fed_by(
    queue_url: Callable[[], str], *, side_by_side: bool = False
) -> Callable[[Callable[[SQSRecord], None]], Handler]:
    """Make a Lambda handler from a function that processes one message.

    A message for which the function raises an exception is delivered again: after the seconds that
    the exception's attribute ``seconds`` has, else later with each try.

    Parameters
    ----------
    queue_url
        Returns the URL of the queue.
    side_by_side
        Whether the messages of a batch are processed at the same time, each in a thread.
    """

    def decorate(handle_one: Callable[[SQSRecord], None]) -> Handler:
        def stays(record: SQSRecord) -> bool:
            try:
                handle_one(record)
            except Exception as error:
                _retry_later(queue_url(), record, getattr(error, "seconds", None))
                return True
            return False

        def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
            records = [SQSRecord(one) for one in event["Records"]]
            if side_by_side and len(records) > 1:
                with ThreadPoolExecutor(len(records)) as pool:
                    staying = list(pool.map(stays, records))
            else:
                staying = [stays(record) for record in records]
            return {
                "batchItemFailures": [
                    {"itemIdentifier": record.message_id}
                    for record, does in zip(records, staying, strict=True)
                    if does
                ]
            }

        return handle

    return decorate


def _retry_later(queue_url: str, record: SQSRecord, seconds: int | None) -> None:
    tries = int(record.attributes.approximate_receive_count or 1)
    try:
        retry_later(queue_url, record.receipt_handle, tries=tries, seconds=seconds)
    except AWS_ERRORS as error:
        # The message comes back after the queue's own visibility timeout.
        _log.warning("no backoff for a message: %s", type(error).__name__)
