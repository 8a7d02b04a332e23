"""The catalog, as a backend's journal tells it."""

import json
import tempfile
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

from mcos_rescue import deployments, fetch, journal
from mcos_rescue.deployments import Journal
from mcos_rescue.encryption import NO_KEYS, Keys
from mcos_rescue.entries import Entry
from mcos_rescue.errors import Damaged, NotThere, RescueError, Sealed
from mcos_rescue.fold import Fold
from mcos_rescue.journal import Complete, Reading
from mcos_rescue.stores.contract import Store
from mcos_rescue.ulids import first_at

_OVERLAP = timedelta(minutes=10)
_READERS = 8
_AHEAD = 64


@dataclass
class Catalog:
    """The states of all records, and what is to be said of how they were found.

    Attributes
    ----------
    cluster
        The cluster whose backend it is; None if nothing tells.
    generation
        The greatest one seen.
    notes
        What a person should know, and is no fault.
    problems
        What could not be read or is not certain; there should be none.
    """

    journal: Journal
    fold: Fold
    cluster: str | None = None
    generation: int = 0
    snapshot: str | None = None
    segments: int = 0
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    stack: ExitStack = field(default_factory=ExitStack, repr=False)

    def __enter__(self) -> "Catalog":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stack.close()


def open_catalog(
    store: Store, *, deployment: str | None = None, keys: Keys = NO_KEYS, work: Path | None = None
) -> Catalog:
    """Read a deployment's journal and fold it. Leave the catalog's ``with`` to remove its file.

    Parameters
    ----------
    deployment
        None: the only one that has a journal there, else the one that wrote last.
    keys
        Those that open an encrypted journal.
    work
        Folder for the file, which is somewhat larger than the journal unpacked; None: the system's.

    Raises
    ------
    NoCatalog, Unavailable, Refused
    Sealed
        Nothing of the journal can be opened with these keys.
    """
    found = deployments.journals_in(fetch.all_keys(store, journal.CATALOG))
    chosen = deployments.choose(found, deployment)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="rescue-", dir=work))
        fold = Fold(Path(folder) / "catalog.sqlite")
        stack.callback(fold.close)
        catalog = Catalog(chosen, fold)
        if deployment is None and len(found) > 1:
            others = ", ".join(sorted({*found} - {chosen.deployment}))
            catalog.notes.append(
                f"journals of several deployments are here; the one that wrote last, "
                f"{chosen.deployment}, is read (--deployment: {others})"
            )
        _read_marker(store, catalog)
        _read_generations(store, catalog)
        since = _read_snapshot(store, catalog, keys)
        _read_segments(store, catalog, keys, since)
        fold.run()
        _say_what_is_doubtful(catalog)
        catalog.stack = stack.pop_all()
    return catalog


def _read_marker(store: Store, catalog: Catalog) -> None:
    """Read which cluster's backend it is."""
    try:
        text = fetch.content(store, journal.MARKER).decode()
    except NotThere:
        catalog.notes.append("the backend has no marker that says which cluster it is")
        return
    except (RescueError, UnicodeDecodeError):
        catalog.problems.append("the backend's marker cannot be read")
        return
    try:
        found: Any = json.loads(text)
    except ValueError:
        found = {"cluster": text.strip()}  # release 0.1.0
    if isinstance(found, dict) and isinstance(found.get("cluster"), str):
        catalog.cluster = found["cluster"]
        if isinstance(found.get("generation"), int):
            catalog.generation = found["generation"]
    else:
        catalog.problems.append("the backend's marker is malformed")


def _read_generations(store: Store, catalog: Catalog) -> None:
    for one in fetch.all_keys(store, journal.GENERATIONS):
        number = one.key.removeprefix(journal.GENERATIONS).partition("-")[0]
        if number.isascii() and number.isdigit():
            catalog.generation = max(catalog.generation, int(number))


def _read_snapshot(store: Store, catalog: Catalog, keys: Keys) -> datetime | None:
    """Add the newest snapshot of which everything verifies.

    Returns
    -------
    From when on segments are needed beside it; None: all are.
    """
    for ulid in catalog.journal.snapshots:
        prefix = journal.snapshot_prefix(catalog.journal.deployment, ulid)
        try:
            complete = Complete.of(fetch.content(store, prefix + journal.COMPLETE))
            since = datetime.fromisoformat(complete.begun_at) - _OVERLAP
            if since.tzinfo is None:
                raise Damaged("its complete.json is malformed")
            if complete.deployment != catalog.journal.deployment:
                raise Damaged("it is of another deployment")
            _add_parts(store, catalog, complete, prefix, keys)
        except (RescueError, ValueError) as error:
            catalog.problems.append(f"snapshot {ulid} was skipped: {error}")
            continue
        catalog.snapshot = ulid
        catalog.generation = max(catalog.generation, complete.generation)
        return since
    if catalog.journal.snapshots:
        catalog.problems.append("no snapshot can be read; all segments are used instead")
    return None


def _add_parts(store: Store, catalog: Catalog, complete: Complete, prefix: str, keys: Keys) -> None:
    """Add all parts of a snapshot, or none.

    Raises
    ------
    Damaged
    """
    if not all(part.key.startswith(prefix) for part in complete.parts):
        raise Damaged("it names a part that is not its own")
    counts: dict[str, int] = {}

    def entries() -> Iterator[Iterator[Entry]]:
        for part in complete.parts:
            data = fetch.content(store, part.key)
            if len(data) != part.size or sha256(data).hexdigest() != part.sha256:
                raise Damaged(f"{part.key} is not what was written")
            reading = Reading(journal.open_sealed(part.key, data, keys))
            if reading.header.deployment != complete.deployment:
                raise Damaged(f"{part.key} is of another deployment")
            yield _counted(reading, part, counts)
        if any(counts.get(table, 0) != count for table, count in complete.counts.items()):
            raise Damaged("it has another number of records than it should")

    catalog.fold.add(entries())


def _counted(reading: Reading, part: journal.Part, counts: dict[str, int]) -> Iterator[Entry]:
    number = 0
    for entry in reading.entries():
        if entry.table != part.table:
            raise Damaged(f"{part.key} has a record of another table")
        number += 1
        yield entry
    counts[part.table] = counts.get(part.table, 0) + number
    if number != part.records:
        raise Damaged(f"{part.key} has another number of records than it should")


def _read_segments(store: Store, catalog: Catalog, keys: Keys, since: datetime | None) -> None:
    first = first_at(since) if since else ""
    wanted = iter([key for ulid, key in sorted(catalog.journal.segments.items()) if ulid >= first])

    def read(key: str) -> Reading:
        return Reading(journal.open_sealed(key, fetch.content(store, key), keys))

    failed: dict[tuple[type[RescueError], str], list[str]] = {}
    with ThreadPoolExecutor(_READERS) as readers:
        waiting: deque[tuple[str, Future[Reading]]] = deque()
        while True:
            for key in islice(wanted, _AHEAD - len(waiting)):
                waiting.append((key, readers.submit(read, key)))
            if not waiting:
                break
            key, future = waiting.popleft()
            try:
                reading = future.result()
                if reading.header.deployment != catalog.journal.deployment:
                    raise Damaged("it is of another deployment")
                catalog.fold.add([reading.entries()])
            except RescueError as error:
                failed.setdefault((type(error), str(error)), []).append(key)
                continue
            catalog.segments += 1
            catalog.generation = max(catalog.generation, reading.header.generation)

    is_empty = not catalog.segments and catalog.snapshot is None
    for (kind, reason), lost in failed.items():
        if is_empty and kind is Sealed:
            raise Sealed(f"nothing of the journal can be opened: {reason}")
        others = f" and {len(lost) - 1} others" if len(lost) > 1 else ""
        catalog.problems.append(f"segment {lost[0]}{others} left out: {reason}")


def _say_what_is_doubtful(catalog: Catalog) -> None:
    for table in ("objects", "containers", "accounts", "registry"):
        number = sum(state.is_doubtful for state in catalog.fold.states(table))
        if number:
            catalog.problems.append(
                f"{number} in the table {table} may have been removed in the second in which they "
                "were written; they are kept"
            )
