"""publish_changes: publish changes of objects on the event bus, in their order."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from mcos import clock
from mcos.catalog import objects
from mcos.events import bus
from mcos.events.bus import ENTRIES_AT_ONCE, NEVER, Entry
from mcos.events.state_change import DETAIL_TYPE, SOURCE, state_change

_log = logging.getLogger(__name__)

_PAUSES_SECONDS = (0.1, 0.4, 1.6)

Image = Mapping[str, Any]
"""An item in DynamoDB's JSON."""


@dataclass(frozen=True)
class Change:
    """One write to the table of objects, as its stream reports it.

    Attributes
    ----------
    sequence_number
        The stream's id of the write.
    changed_at
        In UTC, to the second.
    keys
        Keys of the item.
    old, new
        The item before and after; None: there was or is none.
    """

    sequence_number: str
    changed_at: datetime
    keys: Image
    old: Image | None
    new: Image | None


@dataclass(frozen=True)
class Published:
    """The result of publishing a batch of changes.

    Attributes
    ----------
    events
        Number of published events. Not every change makes an event.
    set_aside
        Number of changes that can never be published; a note of each was sent to a queue.
    rest
        Changes to be delivered again: the first one that the bus did not accept, and all after it.
    """

    events: int
    set_aside: int
    rest: Sequence[Change]


def publish_changes(changes: Sequence[Change]) -> Published:
    """Publish the visible part of changes, oldest first.

    An event that the bus does not accept now is put again, with all events after it. So an event
    may be published more than once, but the last event of an object is that of its last change.

    Raises
    ------
    BotoCoreError, ClientError
        A note of a change that can never be published could not be sent: deliver the batch again.
    """
    waiting, set_aside = _events_of(changes)
    events = tries = 0
    while waiting and tries <= len(_PAUSES_SECONDS):
        group = waiting[:ENTRIES_AT_ONCE]
        codes = bus.put([event.entry for event in group])
        refused = next((index for index, code in enumerate(codes) if code is not None), len(group))
        events += refused
        if refused == len(group):
            waiting, tries = waiting[refused:], 0
            continue
        code = codes[refused]
        if code in NEVER:
            _set_aside(group[refused].change, f"EventBridge refuses it: {code}")
            set_aside += 1
            waiting, tries = waiting[refused + 1 :], 0
            continue
        _log.warning("an event was not published: %s", code)
        waiting = waiting[refused:]
        if tries < len(_PAUSES_SECONDS):
            clock.sleep(_PAUSES_SECONDS[tries])
        tries += 1
    rest = changes[changes.index(waiting[0].change) :] if waiting else ()
    return Published(events, set_aside, rest)


class _Event(NamedTuple):
    change: Change
    entry: Entry


def _events_of(changes: Sequence[Change]) -> tuple[list[_Event], int]:
    """Return the events of changes, and how many unreadable changes were set aside."""
    events = []
    unreadable = 0
    for change in changes:
        try:
            entry = _entry_of(change)
        except Exception as error:
            # Delivering it again would not help, and would delay all changes after it.
            _log.exception("a change cannot be read")
            _set_aside(change, f"it cannot be read: {type(error).__name__}")
            unreadable += 1
            continue
        if entry is not None:
            events.append(_Event(change, entry))
    return events, unreadable


def _entry_of(change: Change) -> Entry | None:
    old = None if change.old is None else objects.record_of_image(change.old)
    new = None if change.new is None else objects.record_of_image(change.new)
    detail = state_change(old, new, change.changed_at)
    return None if detail is None else Entry(SOURCE, DETAIL_TYPE, detail, change.changed_at)


def _set_aside(change: Change, reason: str) -> None:
    bus.set_aside(
        {
            "reason": reason,
            "sequence_number": change.sequence_number,
            "keys": change.keys,
            "changed_at": change.changed_at.isoformat(),
        }
    )
