"""The state of the journal's snapshots, as an item of the registry keeps it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from mcos.model.documents import arguments, document_of


class Part(NamedTuple):
    """A part of a snapshot: its key, its table, its records, digests (hexadecimal) and bytes."""

    key: str
    table: str
    records: int
    sha256: str
    md5: str
    size: int


@dataclass(frozen=True)
class Snapshot:
    """A snapshot that is being written, or was.

    Attributes
    ----------
    id
        ULID.
    begun_at, completed_at
        RFC 3339.
    generation
        The catalog's when the last part was written.
    tables
        Those that are not written yet; the first one has been written up to ``cursor``.
    parts
        The last ones that were written; empty once it is complete.
    noted
        Names of the registry's items that have those before them, because all do not fit into one.
    missed
        Clusters that could not take a part.
    complete_on
        Clusters whose backend has all of it.
    records
        Number of records by table, but for those in ``parts``.
    """

    id: str
    begun_at: str
    tables: tuple[str, ...] = ()
    cursor: dict[str, Any] | None = None
    parts: tuple[Part, ...] = ()
    noted: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    completed_at: str | None = None
    generation: int = 0
    complete_on: tuple[str, ...] = ()
    records: Mapping[str, int] = field(default_factory=dict)
    unknown: Mapping[str, Any] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """Number of records by table."""
        counted = Counter(self.records)
        for one in self.parts:
            counted[one.table] += one.records
        return dict(counted)

    def without_parts(self) -> "Snapshot":
        """Return it with the counts of its parts in their place."""
        return replace(self, records=self.counts, parts=())

    def as_json(self) -> dict[str, Any]:
        return {
            **document_of(self),
            "tables": list(self.tables),
            "parts": [list(one) for one in self.parts],
            "noted": list(self.noted),
            "missed": list(self.missed),
            "complete_on": list(self.complete_on),
            "records": dict(self.records),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Snapshot":
        given = arguments(cls, value)
        for name in ("tables", "noted", "missed", "complete_on"):
            given[name] = tuple(given.get(name, ()))
        given["parts"] = tuple(Part(*one) for one in given.get("parts", ()))
        return cls(**given)


@dataclass(frozen=True)
class Snapshots:
    """The snapshots of a catalog.

    Attributes
    ----------
    running
        The one that is being written; None: none is.
    last
        The last one that is complete; None: there is none yet.
    refused, refused_at
        Why the last one that was written was not completed, and when; None: it was.
    tool, tool_on
        Which release's rescue tool lies beside the journal, and on whose backends.
    """

    running: Snapshot | None = None
    last: Snapshot | None = None
    refused: str | None = None
    refused_at: str | None = None
    tool: str = ""
    tool_on: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "running": self.running and self.running.as_json(),
            "last": self.last and self.last.as_json(),
            "refused": self.refused,
            "refused_at": self.refused_at,
            "tool": self.tool,
            "tool_on": list(self.tool_on),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Snapshots":
        running, last = value.get("running"), value.get("last")
        return cls(
            running=Snapshot.from_json(running) if running else None,
            last=Snapshot.from_json(last) if last else None,
            refused=value.get("refused"),
            refused_at=value.get("refused_at"),
            tool=value.get("tool", ""),
            tool_on=tuple(value.get("tool_on", ())),
        )
