"""The catalog of a lost deployment, written into the tables of another one.

Every write is conditional on being newer than what is there, so an import may be repeated, and
clients may be at work meanwhile. What clients delete during an import may come back by it; what
they delete after it does not, because an import that was completed is remembered, and only what is
newer than it is imported again.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from mcos import clock
from mcos.admin.imported import Fate, given_up, still_deleted, take_over
from mcos.catalog import journaled, newer, objects, registry
from mcos.model.clusters import Registry
from mcos.model.objects import NewerSchema, ObjectKey, ObjectRecord
from mcos.placement.moves import gone_clusters

TABLES = ("registry", "accounts", "containers", "objects", "deleted")
"""Those that are imported, in this order."""

_AT_ONCE = 500
_REMOVED = "~"


@dataclass(frozen=True)
class State:
    """What became of a record of the old deployment.

    Attributes
    ----------
    revision
        Of the record; with ``~`` behind it if it was removed.
    record
        None: it was removed.
    """

    table: str
    key: tuple[str, ...]
    revision: str
    record: dict[str, Any] | None
    is_doubtful: bool = False


States = Callable[[str], Iterable[State]]
"""Returns the states of a table."""


@dataclass
class Counts:
    """What became of the records of a table.

    Attributes
    ----------
    written
        Those that are there now.
    kept
        Those of which something newer, or the same, was there.
    trimmed
        Of those that were written, how many had something that was lost.
    removed
        Those that an earlier import had written, and that were removed since.
    doubtful
        Those that may not be right; they were written.
    left_out
        Those that could not be written, by reason.
    """

    written: int = 0
    kept: int = 0
    trimmed: int = 0
    removed: int = 0
    doubtful: int = 0
    left_out: dict[str, int] = field(default_factory=dict)

    def leave_out(self, reason: str) -> None:
        self.left_out[reason] = self.left_out.get(reason, 0) + 1


@dataclass
class Report:
    """What an import did, by table, and the generation that the catalog has since."""

    generation: int
    tables: dict[str, Counts]

    @property
    def is_whole(self) -> bool:
        """Whether everything is there, and nothing of it is doubtful."""
        return not any(one.left_out or one.doubtful for one in self.tables.values())


# What operators have said; a deployment's own rows, its health and its jobs stay its own.
_KINDS = (registry.POLICY, registry.OPERATOR, registry.REVOCATION, registry.UNLINKED)

ELSEWHERE = "only clusters that are not linked have it: link them and import again"
NEWER_SCHEMA = "its record is a newer release's"
MALFORMED = "its record is malformed"
REMOVED_CONTAINER = "its container was removed"


def import_catalog(
    states: States,
    *,
    deployment: str,
    generation: int,
    write_off: bool = False,
    again: bool = False,
    workers: int = 1,
) -> Report:
    """Write what a deployment had into the tables of this one.

    Its own clusters, their health and its own id stay. Before anything is written, the catalog's
    generation becomes greater than the old one's. Accounts whose password is not known are
    disabled until they are given one.

    Parameters
    ----------
    states
        May be called several times for a table.
    deployment, generation
        The old deployment's id, by which the import is remembered (empty: it is not), and the
        greatest generation of it that was seen.
    write_off
        Whether objects that only clusters have that are not linked are written as FAILED; else
        they are left out.
    again
        Whether what an earlier, completed import has written is written again.
    workers
        Number of writes at the same time.
    """
    raised = registry.raise_generation(above=generation, at=clock.now())
    before = (registry.read(registry.IMPORT, deployment) if deployment else None) or {}
    work = _Import(write_off=write_off)
    with ThreadPoolExecutor(workers) as pool:
        for table in TABLES:
            seen = "" if again else str(before.get(table, ""))
            newest = work.run(table, states(table), pool, after=seen)
            before = {**before, table: max(newest, seen)}
    work.leave_clusters_behind()
    report = Report(raised.generation, work.counts)
    if deployment and not any(one.left_out for one in work.counts.values()):
        registry.write(registry.IMPORT, deployment, before)
    return report


class _Import:
    def __init__(self, *, write_off: bool) -> None:
        self.counts = {table: Counts() for table in TABLES}
        self._write_off = write_off
        self._registry: Registry = registry.current_registry(fresh=True)
        self._containers: dict[tuple[str, ...], bool] = {}
        self._gone: set[str] = set()

    def run(
        self, table: str, states: Iterable[State], pool: ThreadPoolExecutor, *, after: str
    ) -> str:
        """Import the states of a table whose revision is greater; the greatest one of all."""
        one_of = {
            "registry": self._write_registry_item,
            "accounts": self._write_account,
            "containers": self._write_container,
            "objects": self._write_object,
            "deleted": self._write_deleted,
        }[table]
        newest = ""
        todo = iter(states)
        while batch := list(islice(todo, _AT_ONCE)):
            newest = max(newest, *(state.revision for state in batch))
            if table == "containers":
                for state in batch:
                    self._containers[state.key] = state.record is not None
            fresh = [one for one in batch if _is_fresh(one, after)]
            self.counts[table].kept += len(batch) - len(fresh)
            # Counts are changed by this thread alone.
            for done in pool.map(one_of, fresh):
                done(self.counts[table])
        return newest

    def _write_registry_item(self, state: State) -> "_Done":
        kind, name = state.key
        linked = self._registry.clusters
        if kind == registry.CLUSTER and state.record is not None and name not in linked:
            self._gone.add(name)
        if kind not in _KINDS or state.record is None:
            return _nothing
        document = _document_of(state.record)
        if kind == registry.OPERATOR:
            # Its job is not imported; what it did is done again, if an operator wants it.
            document.pop("job", None)
            if name not in linked or registry.is_unlinked(document) or not document:
                return _nothing
        if kind == registry.UNLINKED and name in linked:
            return _nothing
        written = newer.write_registry_item(
            kind, name, document, expires=state.record.get("expires"), revision=state.revision
        )
        return _saved(state, written)

    def leave_clusters_behind(self) -> None:
        """Note which clusters are not linked any more: others do what is left of their work."""
        for name in sorted(self._gone - self._registry.unlinked):
            registry.write(registry.UNLINKED, name, {"at": clock.now()})

    def _write_account(self, state: State) -> "_Done":
        record = state.record
        if record is None:
            return _nothing
        written = newer.write_account(record, revision=state.revision)
        return _saved(state, written, trimmed=not record.get("password_hash"))

    def _write_container(self, state: State) -> "_Done":
        if state.record is None:
            return _nothing
        return _saved(state, newer.write_container(state.record, revision=state.revision))

    def _write_object(self, state: State) -> "_Done":
        if state.record is None:
            revision = state.revision.removesuffix(_REMOVED)
            return _removed(newer.remove_object(ObjectKey(*state.key), revision=revision))
        try:
            record = ObjectRecord.from_json(state.record)
        except NewerSchema:
            return _left_out(NEWER_SCHEMA)
        except (KeyError, TypeError, ValueError):
            return _left_out(MALFORMED)
        has_container = self._containers.get((record.account, record.container))
        if has_container is False:
            return _left_out(REMOVED_CONTAINER)
        named = {record.sweeper, *gone_clusters(record, self._registry)}
        self._gone.update(named - set(self._registry.clusters))
        taken, fate = take_over(record, self._registry)
        if fate is Fate.OVER:
            return _nothing
        if fate is Fate.ELSEWHERE:
            if not self._write_off:
                return _left_out(ELSEWHERE)
            taken = given_up(record)
        if has_container is None:
            self._make_container(taken)
        written = newer.write_object(taken)
        doubtful = state.is_doubtful or has_container is None
        return _saved(state, written, trimmed=fate is not Fate.WHOLE, is_doubtful=doubtful)

    def _write_deleted(self, state: State) -> "_Done":
        account, container, name, version = state.key
        key = ObjectKey(account, container, name)
        if journaled.has_ended(state.revision):
            deletion = journaled.deletion_of(state.revision)
            return _removed(newer.remove_deleted(key, version, deletion=deletion))
        if state.record is None:
            return _left_out(MALFORMED)
        try:
            found = journaled.deleted_of(state.record)
        except (KeyError, TypeError, ValueError):
            return _left_out(MALFORMED)
        waiting = still_deleted(found, objects.get(key))
        if waiting is None:
            return _nothing  # it stays if it is there: its content may be staged here
        trimmed = waiting.kept != found.kept
        return _saved(state, newer.write_deleted(waiting), trimmed=trimmed)

    def _make_container(self, record: ObjectRecord) -> None:
        """Make a container of which no entry is there: its objects could not be reached."""
        made = {
            "account": record.account,
            "name": record.container,
            "created_at": record.created_at,
            "storage_policy": record.shown.storage_policy,
        }
        newer.write_container(made, revision="")


def _is_fresh(state: State, after: str) -> bool:
    """Whether a completed import has not written a state already."""
    if state.table == "deleted" and journaled.has_ended(state.revision):
        return True  # its revision is that of its beginning, and tables may have been set back
    return not state.revision or state.revision > after


_Done = Callable[[Counts], None]
"""Counts what became of a record."""


def _nothing(counts: Counts) -> None:
    """It is of no use to another deployment."""


def _left_out(reason: str) -> _Done:
    return lambda counts: counts.leave_out(reason)


def _removed(is_removed: bool) -> _Done:
    def count(counts: Counts) -> None:
        counts.removed += is_removed

    return count


def _saved(
    state: State, is_written: bool, *, trimmed: bool = False, is_doubtful: bool | None = None
) -> _Done:
    doubtful = state.is_doubtful if is_doubtful is None else is_doubtful

    def count(counts: Counts) -> None:
        counts.written += is_written
        counts.kept += not is_written
        counts.trimmed += is_written and trimmed
        counts.doubtful += is_written and doubtful

    return count


def _document_of(record: Mapping[str, Any]) -> dict[str, Any]:
    document = record.get("document") or {}
    found: dict[str, Any] = json.loads(document) if isinstance(document, str) else dict(document)
    return found
