"""publish_changes: tell the event bus what has changed of objects, in the order of the changes."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
    """One write to the table of objects, as its stream tells.

    Attributes
    ----------
    sequence_number
        By which the stream knows it.
    changed_at
        In UTC, to the second.
    keys
        Of the item.
    old, new
        The item before and after; None where there is none.
    """

    sequence_number: str
    changed_at: datetime
    keys: Image
    old: Image | None
    new: Image | None


@dataclass(frozen=True)
class Published:
    """What became of a batch of changes.

    Attributes
    ----------
    events
        How many events were published. Not every change is one.
    set_aside
        How many changes can never be published; each is in the queue for those.
    rest
        Changes to be given again, the first one that the bus did not take and all behind it.
    """

    events: int
    set_aside: int
    rest: Sequence[Change]


def publish_changes(changes: Sequence[Change]) -> Published:
    """Publish what users can see of some changes, oldest first.

    What the bus does not take now is put again with all that is behind it. So an event may come
    more than once, but the last one that comes of an object is that of its last change.

    Raises
    ------
    BotoCoreError, ClientError
        What can never be published could not be set aside either: give all of it again.
    """
    told, set_aside = _told(changes)
    events = tries = 0
    while told and tries <= len(_PAUSES_SECONDS):
        group = told[:ENTRIES_AT_ONCE]
        codes = bus.put([entry for _, entry in group])
        refused = next((index for index, code in enumerate(codes) if code is not None), len(group))
        events += refused
        if refused == len(group):
            told, tries = told[refused:], 0
            continue
        code = codes[refused]
        if code in NEVER:
            _set_aside(group[refused][0], f"EventBridge refuses it: {code}")
            set_aside += 1
            told, tries = told[refused + 1 :], 0
            continue
        _log.warning("an event was not published: %s", code)
        told = told[refused:]
        if tries < len(_PAUSES_SECONDS):
            clock.sleep(_PAUSES_SECONDS[tries])
        tries += 1
    rest = changes[changes.index(told[0][0]) :] if told else ()
    return Published(events, set_aside, rest)


def _told(changes: Sequence[Change]) -> tuple[list[tuple[Change, Entry]], int]:
    """The events of changes that are some, and how many changes were set aside as unreadable."""
    told = []
    unreadable = 0
    for change in changes:
        try:
            entry = _entry_of(change)
        except Exception as error:
            # Given again it would be no better, and hold up all that is behind it.
            _log.exception("a change cannot be read")
            _set_aside(change, f"it cannot be read: {type(error).__name__}")
            unreadable += 1
            continue
        if entry is not None:
            told.append((change, entry))
    return told, unreadable


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
