"""ingest_upload: fed by the cluster's inbound queue, a batch at a time."""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from chalicelib.endpoint import count
from chalicelib.worker import logged
from mcos import inbound_queue
from mcos.workers.ingest_upload import Refused, ingest_upload

_processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """An SQS event to the messages of it that are to come again."""
    return dict(
        process_partial_response(
            event=dict(event), record_handler=_ingest, processor=_processor, context=context
        )
    )


def _ingest(record: SQSRecord) -> None:
    def work() -> tuple[str, None]:
        try:
            return ingest_upload(record.body, record.message_id), None
        except Refused as error:
            # With its reason, which SQS's own way there would not tell.
            inbound_queue.refuse(record.body, code=error.code, reason=str(error))
            count("RefusedMessages", 1)
            return error.code, None

    logged("ingest_upload", work, message_id=record.message_id)
