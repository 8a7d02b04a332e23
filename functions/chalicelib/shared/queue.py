"""Functions that are fed by a queue: they process each message of a batch on its own."""

import logging
import math
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from mcos import clock
from mcos.aws import AWS_ERRORS, client, region_of, retry_later
from mcos.workers.later import TryLater

# A queue keeps a message for 14 days, and for a thousand tries.
_OLD = timedelta(days=3)
_MANY_TRIES = 500

_log = logging.getLogger(__name__)

Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]


def fed_by(
    queue_url: Callable[[], str],
    *,
    side_by_side: bool = False,
    renewed: bool = False,
    seconds: float = 0,
) -> Callable[[Callable[[SQSRecord], None]], Handler]:
    """Make a Lambda handler from a function that processes one message.

    A message for which the function raises an exception is delivered again, later with each try,
    or when a ``TryLater`` says.

    Parameters
    ----------
    queue_url
        Returns the URL of the queue.
    side_by_side
        Whether the messages of a batch are processed at the same time, each in a thread.
    renewed
        Whether a message that has waited for days is sent again as a new one, so that the queue
        keeps it for ever; but not one that is malformed (``ValueError``).
    seconds
        How long one message may take. With less left of the function's time, no further one of the
        batch is begun: those come again at once.
    """

    def decorate(handle_one: Callable[[SQSRecord], None]) -> Handler:
        def stays(record: SQSRecord) -> bool:
            try:
                handle_one(record)
            except Exception as error:
                if renewed and not isinstance(error, ValueError) and _is_old(record):
                    return not _send_again(queue_url(), record)
                _retry_later(queue_url(), record, error)
                return True
            return False

        def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
            records = [SQSRecord(one) for one in event["Records"]]

            def in_time(record: SQSRecord) -> bool:
                if record is records[0] or _seconds_left(context) >= seconds:
                    return stays(record)
                _retry_later(queue_url(), record, TryLater("no time is left", seconds=0))
                return True

            if side_by_side and len(records) > 1:
                with ThreadPoolExecutor(len(records)) as pool:
                    staying = list(pool.map(stays, records))
            else:
                staying = [in_time(record) for record in records]
            return {
                "batchItemFailures": [
                    {"itemIdentifier": record.message_id}
                    for record, does in zip(records, staying, strict=True)
                    if does
                ]
            }

        return handle

    return decorate


def _seconds_left(context: Any) -> float:
    """Return how much is left of the function's time; without a context, it has no end."""
    if context is None:
        return math.inf
    milliseconds: float = context.get_remaining_time_in_millis()
    return milliseconds / 1000


def _tries(record: SQSRecord) -> int:
    return int(record.attributes.approximate_receive_count or 1)


def _is_old(record: SQSRecord) -> bool:
    """Whether the queue would soon give the message up: for its age, or for its tries."""
    sent = datetime.fromtimestamp(int(record.attributes.sent_timestamp) / 1000, UTC)
    return clock.moment() - sent > _OLD or _tries(record) > _MANY_TRIES


def _send_again(queue_url: str, record: SQSRecord) -> bool:
    """Send the message as a new one; False: it was not sent, and must stay."""
    try:
        sqs = client("sqs", region=region_of(queue_url))
        sqs.send_message(QueueUrl=queue_url, MessageBody=record.body)
    except AWS_ERRORS as error:
        _log.warning("a message was not renewed: %s", type(error).__name__)
        return False
    return True


def _retry_later(queue_url: str, record: SQSRecord, error: Exception) -> None:
    later = error if isinstance(error, TryLater) else TryLater("failed")
    try:
        retry_later(
            queue_url,
            record.receipt_handle,
            tries=_tries(record),
            seconds=later.seconds,
            longest=later.longest,
        )
    except AWS_ERRORS as failure:
        # The message comes back after the queue's own visibility timeout.
        _log.warning("no backoff for a message: %s", type(failure).__name__)
