"""Which copies really lie on the backend, and which of them the catalog names."""

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from mcos_rescue.entries import place_of
from mcos_rescue.objects import Version, versions_named
from mcos_rescue.stores.contract import Listed

_TABLES = """
CREATE TABLE lying (key TEXT PRIMARY KEY, version TEXT, size INTEGER, modified TEXT) WITHOUT ROWID;
CREATE TABLE named (version TEXT PRIMARY KEY) WITHOUT ROWID;
"""


class Stray(NamedTuple):
    """A copy that the catalog does not name; ``version`` is ``<account>/<version>``."""

    key: str
    version: str
    size: int
    modified: datetime


class Shelf:
    """The listing of a backend, in the database of the fold.

    Parameters
    ----------
    listed
        All its keys.
    """

    def __init__(self, database: sqlite3.Connection, listed: Iterable[Listed]) -> None:
        self._database = database
        database.executescript(_TABLES)
        database.execute("BEGIN")
        database.executemany(
            "INSERT OR IGNORE INTO lying VALUES (?, ?, ?, ?)",
            (
                (one.key, version, one.size, one.modified.isoformat())
                for one in listed
                if (version := _version_of(one.key))
            ),
        )
        database.execute("CREATE INDEX of_version ON lying (version)")
        database.execute("COMMIT")

    def copies_of(self, version: Version) -> list[str]:
        """Return the keys of all copies of a version that lie there, and then of its lender's."""
        return [
            key
            for prefix in version.prefixes
            for (key,) in self._database.execute(
                "SELECT key FROM lying WHERE version = ? ORDER BY key", (prefix,)
            )
        ]

    def strays(self) -> Iterator[Stray]:
        """Yield the copies of versions that no entry of the journal has ever named.

        What an older entry names was removed, or is about to be, and is no stray.
        """
        self._database.execute("BEGIN")
        self._database.executemany("INSERT OR IGNORE INTO named VALUES (?)", self._named())
        self._database.execute("COMMIT")
        found = self._database.execute(
            "SELECT key, version, size, modified FROM lying "
            "WHERE version NOT IN (SELECT version FROM named) ORDER BY key"
        )
        for key, version, size, modified in found:
            yield Stray(key, version, size, datetime.fromisoformat(modified))

    def _named(self) -> Iterator[tuple[str]]:
        for table in ("objects", "deleted"):
            first = place_of(table, "")
            entries = self._database.execute(
                "SELECT place, record FROM entry WHERE place >= ? AND place < ? "
                "AND record IS NOT NULL",
                (first, first + b"\xff"),
            )
            for place, record in entries:
                account = place.decode().split("\0")[1]
                for version in versions_named(record):
                    yield (f"{account}/{version}",)


def _version_of(key: str) -> str | None:
    """Return account and version of a copy's key; None: it is none."""
    parts = key.split("/")
    if key.startswith("~") or len(parts) not in (2, 3) or not all(parts):
        return None
    return f"{parts[0]}/{parts[1]}"
