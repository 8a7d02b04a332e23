"""The fold: from the entries of a journal, in any order and however often, to the last states.

Of the entries of one record, one is *replaced* if another names its revision in ``replaces``. Of
those that are not, the greatest wins, by revision, then by time, then by the record's text; a
removal is greater than what it removed. There is one hole. A record that was created right after
the removal of another one, on a machine whose clock was slow, has a lower revision than the
removal. So a record that was born (``replaces`` is null) no earlier than the removal, and does not
belong to what was removed, brings its line back: the greatest entry of it that is not replaced
wins. In the same second it is *doubtful*, and said so.

Records without revisions (all but objects) are ordered by time instead: every write of theirs
replaces the same empty revision, so ``replaces`` says nothing. In the same second, a living one
wins over a removal, and is doubtful.
"""

import sqlite3
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from mcos_rescue.entries import Entry, key_at, place_of

_TABLES = """
CREATE TABLE entry (place BLOB, revision TEXT, replaces TEXT, at TEXT, record TEXT);
CREATE TABLE state (
    place BLOB PRIMARY KEY, revision TEXT, entry INTEGER, doubtful INTEGER
) WITHOUT ROWID;
"""
_STANDING = """
SELECT place, rowid, revision, coalesce(at, ''), record IS NULL FROM entry
WHERE revision = '' OR NOT EXISTS (
    SELECT 1 FROM entry AS later
    WHERE later.place = entry.place AND later.replaces = entry.revision
)
ORDER BY place
"""
_BIRTHS = """
SELECT revision, at FROM entry
WHERE place = ? AND replaces IS NULL AND at >= ? AND record IS NOT NULL
"""
_NO_REVISION = ("", "~")


class State(NamedTuple):
    """What became of a record.

    Attributes
    ----------
    record
        Canonical JSON; None: it was removed.
    is_doubtful
        Whether it is not certain that it was not removed.
    """

    table: str
    key: tuple[str, ...]
    revision: str
    record: str | None
    is_doubtful: bool


class _Standing(NamedTuple):
    """An entry that no other one replaces."""

    row: int
    revision: str
    at: str
    is_removal: bool


class Fold:
    """The entries of a journal in a SQLite file, so that memory does not grow with them.

    Parameters
    ----------
    path
        A file that does not exist yet, or ``:memory:``.
    """

    def __init__(self, path: Path | str = ":memory:") -> None:
        self.database = sqlite3.connect(path, isolation_level=None)
        # The file is of use to this process alone.
        self.database.executescript("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;")
        self.database.executescript("PRAGMA locking_mode = EXCLUSIVE;")
        self.database.executescript("PRAGMA temp_store = FILE; PRAGMA cache_size = -65536;")
        self.database.executescript(_TABLES)

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def add(self, batches: Iterable[Iterable[Entry]]) -> int:
        """Add entries: all of them, or none if one of the iterables raises.

        Returns
        -------
        Their number.
        """
        self.database.execute("BEGIN")
        try:
            before = self.database.total_changes
            for entries in batches:
                self.database.executemany(
                    "INSERT INTO entry VALUES (?, ?, ?, ?, ?)",
                    ((e.place, e.revision, e.replaces, e.at, e.record) for e in entries),
                )
            added = self.database.total_changes - before
        except BaseException:
            self.database.execute("ROLLBACK")
            raise
        self.database.execute("COMMIT")
        return added

    def run(self) -> None:
        """Compute the states from all entries that were added."""
        self.database.execute("CREATE INDEX IF NOT EXISTS of_place ON entry (place, replaces)")
        self.database.execute("BEGIN")
        self.database.execute("DELETE FROM state")
        self.database.executemany("INSERT INTO state VALUES (?, ?, ?, ?)", self._decided())
        self.database.execute("COMMIT")

    def states(self, table: str, *key: str, prefix: str = "") -> Generator[State, None, None]:
        """Yield the states of a table, those of removed records too, in the order of their keys.

        Parameters
        ----------
        key
            The first names of the keys.
        prefix
            The beginning of the next name.
        """
        first = place_of(table, *key, prefix)
        # No UTF-8 has the byte 0xff.
        found = self.database.execute(
            "SELECT state.place, state.revision, entry.record, doubtful "
            "FROM state JOIN entry ON entry.rowid = state.entry "
            "WHERE state.place >= ? AND state.place < ? ORDER BY state.place",
            (first, first + b"\xff"),
        )
        for place, revision, record, doubtful in found:
            yield State(*key_at(place), revision, record, bool(doubtful))

    def state(self, table: str, *key: str) -> State | None:
        """Return the state of one record; None if no entry names it."""
        place = place_of(table, *key)
        with closing(self.states(table, *key[:-1], prefix=key[-1])) as states:
            for state in states:
                # The place itself is the first that begins like it.
                return state if place_of(state.table, *state.key) == place else None
        return None

    def next_names(self, table: str, *key: str) -> Iterator[str]:
        """Yield the different names that follow ``key`` in the keys of a table, in order."""
        first, end = place_of(table, *key, ""), place_of(table, *key, "") + b"\xff"
        while found := self.database.execute(
            "SELECT min(place) FROM state WHERE place >= ? AND place < ?", (first, end)
        ).fetchone()[0]:
            name = key_at(found)[1][len(key)]
            yield name
            first = place_of(table, *key, name, "") + b"\xff"

    def _decided(self) -> Iterator[tuple[bytes, str, int, bool]]:
        with closing(self.database.cursor()) as cursor:
            for place, rows in groupby(cursor.execute(_STANDING), key=itemgetter(0)):
                standing = [_Standing(*row[1:]) for row in rows]
                won, doubtful = standing[0], False
                if len(standing) > 1:
                    won, doubtful = self._winner(place, standing)
                yield place, won.revision, won.row, doubtful

    def _winner(self, place: bytes, standing: list[_Standing]) -> tuple[_Standing, bool]:
        if all(one.revision in _NO_REVISION for one in standing):
            return self._last(standing)
        won = self._greatest(standing)
        if not won.is_removal:
            return won, False
        reborn = self._reborn(place, won, [one for one in standing if not one.is_removal])
        return reborn or (won, False)

    def _last(self, standing: list[_Standing]) -> tuple[_Standing, bool]:
        """Of entries without revisions, return that of the last write."""
        last = max(one.at for one in standing)
        then = [one for one in standing if one.at == last]
        living = [one for one in then if not one.is_removal]
        return self._greatest(living or then), bool(living) and len(living) < len(then)

    def _greatest(self, standing: list[_Standing]) -> _Standing:
        top = max((one.revision, one.at) for one in standing)
        found = [one for one in standing if (one.revision, one.at) == top]
        return max(found, key=self._text) if len(found) > 1 else found[0]

    def _text(self, one: _Standing) -> tuple[bool, str]:
        found = self.database.execute("SELECT record FROM entry WHERE rowid = ?", (one.row,))
        record = found.fetchone()[0]
        return record is None, record or ""

    def _reborn(
        self, place: bytes, removal: _Standing, living: list[_Standing]
    ) -> tuple[_Standing, bool] | None:
        """Return the entry that a removal wrongly hides, and whether that is doubtful."""
        if not living or not removal.at:
            return None
        births = self.database.execute(_BIRTHS, (place, removal.at)).fetchall()
        if births:
            ended = self._birth_of(place, removal)
            births = [(revision, at) for revision, at in births if revision != ended]
        certain = [revision for revision, at in births if at > removal.at]
        for begun, doubtful in ((certain, False), ([revision for revision, _ in births], True)):
            line = [one for one in living if begun and self._continues(place, one, begun)]
            if line:
                return self._greatest(line), doubtful
        return None

    def _continues(self, place: bytes, one: _Standing, begun: list[str]) -> bool:
        """Whether an entry belongs to a line that began with one of these revisions."""
        # A clock that was set back in the middle of a line shows only in the line itself.
        return one.revision >= min(begun) or self._birth_of(place, one) in begun

    def _birth_of(self, place: bytes, one: _Standing) -> str | None:
        """Return the revision with which the line of an entry began, as far as entries tell."""
        seen: set[str] = set()
        revision: str | None = one.revision
        born = None
        while revision is not None and revision not in seen:
            seen.add(revision)
            born = revision
            found = self.database.execute(
                "SELECT max(replaces) FROM entry WHERE place = ? AND revision = ?",
                (place, revision),
            )
            revision = found.fetchone()[0]
        return born
