"""repair_replica: fed by the cluster's repair queue, a batch at a time."""

import json

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from chalicelib.shared.endpoint import tell
from chalicelib.shared.queue import fed_by
from chalicelib.shared.worker import logged
from mcos.model.concerns import Concern
from mcos.settings import settings
from mcos.workers.later import RemovalHeld
from mcos.workers.repair_replica import repair_replica

# Of the function's 60 s; comparing a large copy takes 30 s at a time.
_SECONDS = 40


@fed_by(lambda: settings().repair_queue_url, renewed=True, seconds=_SECONDS)
def handle(record: SQSRecord) -> None:
    """Process one message; see ``mcos.replicas.repair_queue``."""
    body = json.loads(record.body)
    action = body.get("action") if isinstance(body, dict) else None
    tries = int(record.attributes.approximate_receive_count or 1)

    def work() -> tuple[str, None]:
        try:
            return repair_replica(body, tries=tries), None
        except RemovalHeld as held:
            tell(Concern.REMOVALS_HELD, 1, reason=str(held))
            raise

    logged("repair_replica", work, action=action, message_id=record.message_id)
