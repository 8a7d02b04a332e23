"""Functions that are fed by a queue: they process each message of a batch on its own."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from mcos.aws import AWS_ERRORS, retry_later

_log = logging.getLogger(__name__)

Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]


def fed_by(queue_url: Callable[[], str]) -> Callable[[Callable[[SQSRecord], None]], Handler]:
    """Make a Lambda handler from a function that processes one message.

    A message for which the function raises an exception is delivered again, later with each try.

    Parameters
    ----------
    queue_url
        Returns the URL of the queue.
    """

    def decorate(handle_one: Callable[[SQSRecord], None]) -> Handler:
        processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

        def handle_or_retry(record: SQSRecord) -> None:
            try:
                handle_one(record)
            except Exception:
                _retry_later(queue_url(), record)
                raise

        def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
            return dict(
                process_partial_response(
                    event=dict(event),
                    record_handler=handle_or_retry,
                    processor=processor,
                    context=context,
                )
            )

        return handle

    return decorate


def _retry_later(queue_url: str, record: SQSRecord) -> None:
    tries = int(record.attributes.approximate_receive_count or 1)
    try:
        retry_later(queue_url, record.receipt_handle, tries=tries)
    except AWS_ERRORS as error:
        # The message comes back after the queue's own visibility timeout.
        _log.warning("no backoff for a message: %s", type(error).__name__)
