"""ingest_upload: fed by the cluster's inbound queue, a batch at a time."""

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from chalicelib.shared.queue import fed_by
from chalicelib.shared.worker import logged
from mcos.inbound import queue
from mcos.settings import inbound_queue_url
from mcos.workers.ingest_upload import Refused, ingest_upload

# Of the function's 300 s; content that a message names may be fetched for 240 s.
_SECONDS = 270

_TRIES = 90
"""What was received more often is refused, before SQS itself moves it: see ``queue.refuse``."""


@fed_by(inbound_queue_url, seconds=_SECONDS)
def handle(record: SQSRecord) -> None:
    """Process one message; see ``mcos.inbound.message``."""

    def work() -> tuple[str, None]:
        try:
            if int(record.attributes.approximate_receive_count or 1) > _TRIES:
                raise Refused("tried_too_often", "no try could take it; the log says why")
            return ingest_upload(record.body, record.message_id), None
        except Refused as error:
            # SQS's own way to the dead-letter queue would not add the reason.
            queue.refuse(record.body, code=error.code, reason=str(error))
            return error.code, None

    logged("ingest_upload", work, message_id=record.message_id)
