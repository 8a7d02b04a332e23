"""ingest_upload: fed by the cluster's inbound queue, a batch at a time."""

from datetime import UTC, datetime, timedelta

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from chalicelib.shared.queue import fed_by
from chalicelib.shared.worker import logged
from mcos import clock
from mcos.errors import TooManyRequests
from mcos.inbound import queue
from mcos.settings import inbound_queue_url
from mcos.workers.ingest_upload import Refused, ingest_upload
from mcos.workers.later import TryLater

# Of the function's 300 s; content that a message names may be fetched for 240 s.
_SECONDS = 270

_TRIES = 90
"""What was received more often is refused, before SQS itself moves it: see ``queue.refuse``."""

_HIDDEN_SECONDS = 3600
"""A message that comes too fast is hidden for so long at most: SQS hides 120,000 of a queue, and
while it does, it hands over no other."""

_WAITS_AT_MOST = timedelta(days=3)
"""What came too fast for so long is refused: it was received 72 times, and the queue keeps messages
for seven days."""


@fed_by(inbound_queue_url, seconds=_SECONDS)
def handle(record: SQSRecord) -> None:
    """Process one message; see ``mcos.inbound.message``.

    One whose account has written too much waits until that is paid by time, if it is not too long.
    """

    def work() -> tuple[str, TryLater | None]:
        try:
            if int(record.attributes.approximate_receive_count or 1) > _TRIES:
                raise Refused("tried_too_often", "no try could take it; the log says why")
            return ingest_upload(record.body, record.message_id), None
        except TooManyRequests as error:
            if not _is_old(record):
                seconds = min(error.retry_after, _HIDDEN_SECONDS)
                return error.code, TryLater(error.code, seconds=seconds)
            refusal = Refused(error.code, str(error))
        except Refused as error:
            refusal = error
        # SQS's own way to the dead-letter queue would not add the reason.
        queue.refuse(record.body, code=refusal.code, reason=str(refusal))
        return refusal.code, None

    later: TryLater | None = logged("ingest_upload", work, message_id=record.message_id)
    if later is not None:
        raise later


def _is_old(record: SQSRecord) -> bool:
    sent = datetime.fromtimestamp(int(record.attributes.sent_timestamp) / 1000, UTC)
    return clock.moment() - sent > _WAITS_AT_MOST
