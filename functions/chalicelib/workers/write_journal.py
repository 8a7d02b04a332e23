"""write_journal: fed by the streams of the catalog's tables, a batch at a time.

A stream has two readers at most, so this one also counts what accounts use.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.shared.endpoint import tell
from chalicelib.shared.worker import logged
from mcos import clock
from mcos.model.concerns import Concern
from mcos.settings import batching_window_seconds, table_prefix
from mcos.workers.count_usage import count_usage
from mcos.workers.write_journal import Write, write_journal

_FULL = 1000  # the event source's batch


class TooSoon(Exception):
    """The batch is neither full nor old enough: it must be delivered again."""


def handle(event: Mapping[str, Any], context: Any) -> None:
    """Take a batch of stream records of one table; one that cannot be written comes again whole."""
    writes = [_write(record) for record in event["Records"]]
    window = timedelta(seconds=batching_window_seconds())
    if len(writes) < _FULL and clock.moment() - min(one.at for one in writes) < window:
        raise TooSoon(f"{len(writes)} writes wait for others")

    def work() -> tuple[str, None]:
        done = write_journal(writes)
        count_usage(writes)  # last: what is counted is remembered, what is written is not
        if done.unreadable:
            tell(Concern.UNREADABLE, done.unreadable)
        return "written" if done.segments else "nothing", None

    logged("write_journal", work, writes=len(writes))


def _write(record: Mapping[str, Any]) -> Write:
    written = record["dynamodb"]
    table = record["eventSourceARN"].partition(":table/")[2].partition("/")[0]
    return Write(
        table.removeprefix(f"{table_prefix()}-"),
        written.get("OldImage"),
        written.get("NewImage"),
        datetime.fromtimestamp(written["ApproximateCreationDateTime"], UTC),
        written["SequenceNumber"],
    )
