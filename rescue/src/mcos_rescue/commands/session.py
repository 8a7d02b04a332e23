"""What all commands share: the backend, its catalog, and how a person is told."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mcos_rescue.catalog import Catalog, open_catalog
from mcos_rescue.encryption import NO_KEYS, Keys
from mcos_rescue.inventory import Inventory
from mcos_rescue.printable import printable
from mcos_rescue.restore import Summary
from mcos_rescue.stores.contract import Store
from mcos_rescue.stores.settings import store_of_file

WHOLE, NOT_WHOLE, FAILED = 0, 1, 2
"""Exit codes: all is well; something is missing, damaged or doubtful; nothing could be done."""

_SHOWN = 20


def say(line: str) -> None:
    """Print a line."""
    print(printable(line))


def warn(line: str) -> None:
    """Print a line that is no result."""
    print(printable(f"mcos-rescue: {line}"), file=sys.stderr)


@dataclass
class Session:
    """A backend and its catalog.

    Attributes
    ----------
    keys
        Those that open what is encrypted.
    """

    store: Store
    catalog: Catalog
    keys: Keys

    def inventory(self, account: str | None = None) -> Inventory:
        """Read what lies on the backend."""
        return Inventory(self.store, self.catalog, account=account, keys=self.keys)

    def exit_code(self, *, is_whole: bool = True) -> int:
        """Return the exit code: a catalog that is not certain is never whole."""
        return WHOLE if is_whole and not self.catalog.problems else NOT_WHOLE


@contextmanager
def session(options: argparse.Namespace) -> Iterator[Session]:
    """Open the backend and read its catalog."""
    store = store_of_file(options.backend)
    keys = Keys.of_file(options.key) if options.key else NO_KEYS
    with open_catalog(
        store, deployment=options.deployment, keys=keys, work=options.work
    ) as catalog:
        if options.cluster:
            catalog.cluster = options.cluster
        _introduce(catalog)
        yield Session(store, catalog, keys)


def _introduce(catalog: Catalog) -> None:
    parts = f"snapshot {catalog.snapshot}, " if catalog.snapshot else ""
    newest = catalog.journal.newest_at
    until = f", until {newest.isoformat(timespec='seconds')}" if newest else ""
    whose = f"cluster {catalog.cluster}" if catalog.cluster else "an unknown cluster"
    warn(
        f"the backend of {whose}, deployment {catalog.journal.deployment}: "
        f"{parts}{catalog.segments} segments{until}"
    )
    for note in catalog.notes:
        warn(note)
    _list("PROBLEM", catalog.problems)


def report(summary: Summary, inventory: Inventory, words: str) -> None:
    """Say what became of all objects."""
    _list("PROBLEM", inventory.problems)
    parts = [f"{words} {summary.good}"]
    named = (
        ("already there", summary.kept),
        ("missing here", summary.missing),
        ("bad", summary.bad),
        ("without a digest to compare", summary.unproven),
        ("in recovered/", summary.recovered),
        ("copies without an entry, older than the journal", inventory.old_strays),
        ("new copies of other deployments", inventory.foreign_strays),
    )
    parts += [f"{name} {number}" for name, number in named if number]
    warn(f"{', '.join(parts)}; {summary.size} bytes")


def _list(word: str, lines: list[str]) -> None:
    for line in lines[:_SHOWN]:
        warn(f"{word}: {line}")
    if len(lines) > _SHOWN:
        warn(f"{word}: and {len(lines) - _SHOWN} more")
