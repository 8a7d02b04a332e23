"""What the journal keeps of the catalog: the items of its tables as plain JSON, with their history.

``rescue/src/mcos_rescue/README.txt`` describes an entry for whoever reads the journal.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pynamodb.models import Model

from mcos import clock
from mcos.catalog import budget, registry
from mcos.catalog.tables import (
    AccountItem,
    ContainerItem,
    DeletedItem,
    ObjectItem,
    RegistryItem,
    read_again,
)
from mcos.model.deleted import Deleted, DeletedState
from mcos.model.documents import member
from mcos.model.kept import Kept
from mcos.model.objects import ObjectKey

_log = logging.getLogger(__name__)

Image = Mapping[str, Any]
"""An item in DynamoDB's JSON."""

Record = dict[str, Any]
"""An item in plain JSON."""

_REMOVED = "~"
"""Behind the revision of what was removed: greater than it, and than no later one."""

_ENDED = "-"
"""Behind the revision of a deleted version that cannot be taken back any more: greater than it, and
less than that of its removal. Its states may follow each other within a second."""

_ENDS = {DeletedState.RESTORED.value, DeletedState.REMOVING.value, DeletedState.REMOVED.value}


@dataclass(frozen=True)
class Entry:
    """The state of one item after one write.

    Attributes
    ----------
    table
        One of ``TABLES``.
    key
        Names that tell the item from others of its table.
    revision
        Of the written item, greater with each write; of a removal, that of the removed item with
        ``~`` behind it.
    replaces
        Revision of the item that the write replaced; None: there was none, or it is not known.
    at
        When it was written, by the table, to the second, RFC 3339; None: it was read in a scan.
    record
        None: it was removed.
    """

    table: str
    key: tuple[str, ...]
    revision: str
    replaces: str | None
    at: str | None
    record: Record | None

    def as_json(self) -> dict[str, Any]:
        return {
            "table": self.table,
            "key": list(self.key),
            "revision": self.revision,
            "replaces": self.replaces,
            "at": self.at,
            "record": self.record,
        }


def entry_of_write(
    table: str, old: Image | None, new: Image | None, at: datetime, *, secrets: bool
) -> Entry | None:
    """Return the entry for a write to a table, as its stream reports it.

    Parameters
    ----------
    old, new
        The item before and after; None: there was or is none.
    at
        When it was written.
    secrets
        Whether the journal is encrypted, and so may have the hashes of passwords.

    Returns
    -------
    None if the journal need not know of it.
    """
    before = None if old is None else _plain(table, old, secrets=secrets)
    after = None if new is None else _plain(table, new, secrets=secrets)
    # Where the journal keeps nothing, there is nothing: a name that was only reserved is free.
    before = before if _is_kept(table, before) else None
    after = after if _is_kept(table, after) else None
    shown = after or before
    if shown is None:
        return None
    if before is not None and after is not None and _same(table, before, after):
        return None
    replaces = None if before is None else before.get("revision") or ""
    revision = f"{replaces}{_REMOVED}" if after is None else after.get("revision") or ""
    return Entry(
        table,
        _key(table, shown),
        revision,
        None if replaces == revision else replaces,
        clock.text(at),
        after,
    )


@dataclass(frozen=True)
class EntryPage:
    """A page of a table: entries, the number of items that cannot be read, and the cursor of the
    next page; None: this is the last."""

    entries: list[Entry]
    unreadable: int
    cursor: dict[str, Any] | None


def scan(table: str, cursor: dict[str, Any] | None, *, limit: int, secrets: bool) -> EntryPage:
    """Return a page of a table: one network call."""
    found = TABLES[table].scan(last_evaluated_key=cursor, page_size=limit)
    raw = read_again(lambda: next(found.page_iter))
    entries, unreadable = [], 0
    for image in raw["Items"]:
        try:
            entry = _entry_of_item(table, image, secrets=secrets)
        except Exception:
            # It must not keep all others from the journal.
            _log.exception("an item of %s cannot be read", table)
            unreadable += 1
            continue
        if entry is not None:
            entries.append(entry)
    return EntryPage(entries, unreadable, raw.get("LastEvaluatedKey"))


def _entry_of_item(table: str, image: Image, *, secrets: bool) -> Entry | None:
    record = _plain(table, image, secrets=secrets)
    if not _is_kept(table, record):
        return None
    return Entry(table, _key(table, record), record.get("revision") or "", None, None, record)


TABLES: Mapping[str, type[Model]] = {
    "objects": ObjectItem,
    "containers": ContainerItem,
    "accounts": AccountItem,
    "registry": RegistryItem,
    "deleted": DeletedItem,
}
"""The tables that the journal keeps: not jobs and uploads, which a rescue cannot continue."""

_KEYS = {
    "objects": ("account", "container", "name"),
    "containers": ("account", "name"),
    "accounts": ("user_name",),
    "registry": ("kind", "name"),
    "deleted": ("account", "container", "name", "version"),
}

# Marks of calls that are under way.
_PASSING = {"containers": {"deletion"}, "accounts": {"leaving"}, "deleted": {"claim"}}

# What a deployment finds out anew, and what tells it from others.
_OWN_KINDS = {
    registry.HEALTH,
    registry.DEPLOYMENT,
    registry.JOB,
    registry.JOURNAL,
    registry.IMPORT,
    registry.WATCHED,
    registry.QUOTAS,
    budget.REMOVALS,
}


def deleted_of(record: Record) -> Deleted:
    """Return the deleted version of a record of the table ``deleted``.

    Raises
    ------
    KeyError, TypeError, ValueError
        It is malformed.
    """
    return Deleted(
        ObjectKey(record["account"], record["container"], record["name"]),
        Kept.from_json(record["document"]),
        member(DeletedState, record["state"]),
        record["cluster"],
        record["due_at"],
    )


def deletion_of(revision: str) -> str:
    """Return the deletion in the revision of a deleted version's removal."""
    return revision.rstrip(_ENDED + _REMOVED)


def has_ended(revision: str) -> bool:
    """Whether a revision is of a deleted version that cannot be taken back, or was removed."""
    return deletion_of(revision) != revision


def _key(table: str, record: Record) -> tuple[str, ...]:
    return tuple(record[name] for name in _KEYS[table])


def _plain(table: str, image: Image, *, secrets: bool) -> Record:
    values = TABLES[table].from_raw_data(dict(image)).attribute_values
    if table == "objects":
        account, _, container = values["container_key"].partition("/")
        return {
            **values["document"],
            "account": account,
            "container": container,
            "name": values["name"],
            "revision": values["revision"],
            "state": values["state"],
        }
    if table == "deleted":
        account, _, container = values["container_key"].partition("/")
        version = values["document"]["version"]["id"]
        # Of two deletions of a version the later one counts, and nothing follows its end.
        end = _ENDED if values["state"] in _ENDS else ""
        own = {"account": account, "container": container, "version": version}
        values = {**values, **own, "revision": values["deletion"] + end}
    passing = _PASSING.get(table, set()) | (set() if secrets else {"password_hash"})
    return {name: value for name, value in values.items() if name not in passing}


def _is_kept(table: str, record: Record | None) -> bool:
    if record is None:
        return False
    if table == "registry":
        return record["kind"] not in _OWN_KINDS
    return table != "objects" or not _is_reserved(record)


def _is_reserved(record: Record) -> bool:
    """Whether it only holds a name: see ``mcos.model.reservation``."""
    last = record.get("last")
    owes = record.get("removals") or record.get("unstagings") or record.get("kept")
    if record["state"] != "DELETING" or owes or not last:
        return False
    return not last["replicas"]


def _same(table: str, before: Record, after: Record) -> bool:
    """Whether nothing changed but how often a sweeper has looked, or marks of calls."""
    # A new revision alone is a change of what is not shown, and a link of the chain: others'
    # revisions need not grow with each write.
    looks = ("revision", "sweeps") if table == "objects" else ()
    return {**before, **dict.fromkeys(looks)} == {**after, **dict.fromkeys(looks)}
