"""Entries of the journal: each is the state of one record after a write, not the change."""

import json
from dataclasses import dataclass
from typing import Any

from mcos_rescue.errors import Damaged

KEY_LENGTHS = {"objects": 3, "containers": 2, "accounts": 1, "registry": 2, "deleted": 4}
"""How many names the key of a record has, by table."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A record as it was after a write.

    Attributes
    ----------
    key
        As many names as ``KEY_LENGTHS`` says.
    revision
        Of the written record; empty if records of the table have none. A removal has the revision
        of what it removed, with ``~`` behind it.
    replaces
        The revision that the write replaced; None: there was no record, or it is not known,
        because the entry is a snapshot's.
    at
        Time of the write, to the second; None in snapshots.
    record
        Canonical JSON (``canonical``); None: the record was removed.
    """

    table: str
    key: tuple[str, ...]
    revision: str
    replaces: str | None
    at: str | None
    record: str | None

    @property
    def place(self) -> bytes:
        """What the entry is a state of: its table and key. Places sort as their names do."""
        return place_of(self.table, *self.key)

    def line(self) -> bytes:
        """Return the entry as a line of a segment, with its end."""
        record = "null" if self.record is None else self.record
        fields = [
            f'"{name}":{canonical(getattr(self, name))}'
            for name in ("table", "key", "revision", "replaces", "at")
        ]
        return ("{" + ",".join([*fields, f'"record":{record}']) + "}\n").encode()


def canonical(value: object) -> str:
    """Return the one JSON text of a value."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def place_of(table: str, *key: str) -> bytes:
    """Return the place of a record, or of all whose key begins so if a name is empty at the end."""
    return "\0".join((table, *key)).encode()


def key_at(place: bytes) -> tuple[str, tuple[str, ...]]:
    """Return table and key of a place."""
    table, *key = place.decode().split("\0")
    return table, tuple(key)


def entry_of(line: bytes) -> Entry:
    """Return the entry that a line of a segment has.

    Raises
    ------
    Damaged
    """
    try:
        found: dict[str, Any] = json.loads(line)
        table, key, record = found["table"], tuple(found["key"]), found["record"]
        revision, replaces, at = found["revision"], found["replaces"], found["at"]
        texts = [table, revision, *key, *(one for one in (replaces, at) if one is not None)]
        names = [table, *key]
        if not (
            all(isinstance(one, str) for one in texts)
            and all(one and "\0" not in one for one in names)
            and len(key) == KEY_LENGTHS.get(table, len(key))
            and isinstance(record, dict | None)
        ):
            raise ValueError
        text = None if record is None else canonical(record)
        # A text that is not Unicode can be no name.
        "".join((*texts, text or "")).encode()
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Damaged("it has a malformed entry") from None
    return Entry(table, key, revision, replaces, at, text)
