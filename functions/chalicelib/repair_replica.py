"""repair_replica: fed by the cluster's repair queue, a batch at a time."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from chalicelib.worker import logged
from mcos import repair_queue
from mcos.aws import AWS_ERRORS
from mcos.workers.repair_replica import repair_replica

_log = logging.getLogger(__name__)

_processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """An SQS event to the messages of it that are to come again."""
    return dict(
        process_partial_response(
            event=dict(event), record_handler=_repair, processor=_processor, context=context
        )
    )


def _repair(record: SQSRecord) -> None:
    body = json.loads(record.body)
    action = body.get("action") if isinstance(body, dict) else None

    def work() -> tuple[str, None]:
        return repair_replica(body), None

    try:
        logged("repair_replica", work, action=action, message_id=record.message_id)
    except Exception:
        _retry_later(record)
        raise


def _retry_later(record: SQSRecord) -> None:
    tries = int(record.attributes.approximate_receive_count or 1)
    try:
        repair_queue.retry_later(record.receipt_handle, tries=tries)
    except AWS_ERRORS as error:
        # The queue's own visibility timeout brings it back all the same.
        _log.warning("no backoff for a message: %s", type(error).__name__)
