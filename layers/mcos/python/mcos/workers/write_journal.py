"""write_journal: write the catalog's changes to the journal on every backend."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mcos import clock
from mcos.catalog.journaled import TABLES, Entry, Image, entry_of_write
from mcos.catalog.registry import current_registry
from mcos.journal import deliver
from mcos.journal.files import segment_key, segments
from mcos.replicas.sealing import is_sealing

_log = logging.getLogger(__name__)

# In each such minute of an hour a segment is written even if it has no entries: the health checks,
# which nobody needs in the journal, are something to read in every minute.
_SIGNS_OF_LIFE = (0, 15, 30, 45)


class NoDeployment(Exception):
    """The catalog has no id yet: the first health check gives it one."""


@dataclass(frozen=True)
class Write:
    """One write to a table, as its stream reports it.

    Attributes
    ----------
    table
        One of ``mcos.catalog.journaled.TABLES``, or one of which the journal keeps nothing.
    old, new
        The item before and after; None: there was or is none.
    at
        In UTC, to the second.
    sequence
        The table's stream's id of the write.
    """

    table: str
    old: Image | None
    new: Image | None
    at: datetime
    sequence: str


@dataclass(frozen=True)
class Journaled:
    """What was done: numbers of segments, of entries, and of writes that could not be read."""

    segments: int
    entries: int
    unreadable: int


def write_journal(writes: Sequence[Write]) -> Journaled:
    """Write one or more segments with the entries of writes, in any order.

    Harmless to repeat. What a backend cannot take now waits in its cluster's repair queue.

    Raises
    ------
    NoDeployment, BotoCoreError, ClientError
        Deliver the writes again.
    """
    deployment = current_registry().deployment
    if not deployment.id:
        raise NoDeployment("the catalog has no id yet")
    entries, unreadable = _entries_of(writes)
    if not entries and clock.moment().minute not in _SIGNS_OF_LIFE:
        return Journaled(0, 0, unreadable)
    count = 0
    slow: set[str] = set()
    for content in segments(entries, deployment, written_at=clock.now()):
        key = segment_key(deployment.id, clock.new_id())
        slow |= deliver.deliver_or_queue(deliver.receivers(), key, content, slow=slow)
        count += 1
    return Journaled(count, len(entries), unreadable)


def _entries_of(writes: Sequence[Write]) -> tuple[list[Entry], int]:
    entries, unreadable = [], 0
    for write in writes:
        if write.table not in TABLES:
            continue
        try:
            entry = entry_of_write(
                write.table, write.old, write.new, write.at, secrets=is_sealing()
            )
        except Exception:
            # It must not hold up all others; the next snapshot tries it again.
            _log.exception("a write cannot be read")
            unreadable += 1
            continue
        if entry is not None:
            entries.append(entry)
    return entries, unreadable
