"""Histories of writes to some records, and the journals that could be kept of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from mcos_rescue.entries import Entry, canonical

NAMES = ("sea.jpg", "may/sea.jpg", "é\n")


@dataclass(frozen=True)
class History:
    """All entries in the order of the writes, and what there was after each: by name, the entry."""

    entries: list[Entry]
    after: list[dict[str, Entry]]

    @property
    def truth(self) -> dict[str, str | None]:
        """The record of each name in the end."""
        return {name: entry.record for name, entry in self.after[-1].items()}


def second(number: int) -> str:
    """The text of a second."""
    return f"2026-11-22T10:{number // 60:02}:{number % 60:02}Z"


@st.composite
def object_histories(draw: Any) -> History:
    """Creates, updates and deletes of objects, by machines whose clocks disagree."""
    return _history(draw, slowest=0)


@st.composite
def container_histories(draw: Any) -> History:
    """Writes and removals of records without revisions, no two of a record in one second."""
    return _history(draw, slowest=1)


def _history(draw: Any, *, slowest: int) -> History:
    # What a machine's clock adds to a revision; a birth may be earlier than all before it.
    offset = st.integers(-30, 30)
    living: dict[str, Entry] = {}
    states: dict[str, Entry] = {}
    entries: list[Entry] = []
    key: tuple[str, ...]
    after: list[dict[str, Entry]] = []
    now = 100
    for number in range(draw(st.integers(1, 14))):
        name = draw(st.sampled_from(NAMES))
        now += draw(st.integers(slowest, 2))
        before = living.get(name)
        is_removal = before is not None and draw(st.booleans())
        if slowest:
            revision, table, key = "", "containers", ("ada", name)
        else:
            # Revisions are unique; a write of a record has a greater one than that before it.
            tick = max(now + draw(offset), int(before.revision[:4]) if before else 0)
            revision, table, key = f"{tick:04}-{number:02}", "objects", ("ada", "photos", name)
        if is_removal and before is not None:
            revision = before.revision
        record = None if is_removal else canonical({"n": number, "revision": revision})
        entry = Entry(
            table,
            key,
            revision + "~" if is_removal else revision,
            None if before is None else before.revision,
            second(now),
            record,
        )
        entries.append(entry)
        living.pop(name, None)
        if not is_removal:
            living[name] = entry
        states[name] = entry
        after.append(dict(states))
    return History(entries, after)


@st.composite
def segments_of(draw: Any, entries: Sequence[Entry]) -> list[list[Entry]]:
    """The entries, cut into segments in any order, some of them more than once."""
    mixed = draw(st.permutations(list(entries) + draw(_some(entries))))
    cuts = sorted(draw(st.lists(st.integers(0, len(mixed)), max_size=4)))
    pieces = [mixed[a:b] for a, b in zip([0, *cuts], [*cuts, len(mixed)], strict=True)]
    return [*pieces, *draw(_some(pieces))]


def _some(what: Sequence[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(list(what)), max_size=4) if what else st.just([])


@st.composite
def with_a_snapshot(draw: Any, history: History) -> list[list[Entry]]:
    """A snapshot, whose records were read one after another, and the segments since it began."""
    begun = draw(st.integers(0, len(history.entries) - 1))
    snapshot = []
    for name in NAMES:
        seen = history.after[draw(st.integers(begun, len(history.after) - 1))].get(name)
        if seen is not None and seen.record is not None:
            snapshot.append(Entry(seen.table, seen.key, seen.revision, None, None, seen.record))
    # What was written in the meantime is in the log, and some of what was written before.
    first = draw(st.integers(0, begun))
    segments: list[list[Entry]] = draw(segments_of(history.entries[first:]))
    return [snapshot, *segments]
