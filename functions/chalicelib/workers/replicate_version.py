"""replicate_version: fed by the cluster's replicate queue, a few messages at a time."""

import json

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from chalicelib.shared.queue import fed_by
from chalicelib.shared.worker import logged
from mcos.settings import settings
from mcos.workers.later import TryLater
from mcos.workers.replicate_version import replicate_version


@fed_by(lambda: settings().replicate_queue_url, side_by_side=True)
def handle(record: SQSRecord) -> None:
    """Process one message, ``mcos.model.messages.ReplicateMessage``."""

    def work() -> tuple[str, TryLater | None]:
        try:
            return replicate_version(json.loads(record.body)), None
        except TryLater as later:
            return f"not now: {later}", later

    later = logged("replicate_version", work, message_id=record.message_id)
    if later is not None:
        raise later
