"""The catalog's records of objects and containers; ``mcos.model.versions`` has what is in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from mcos.model.documents import arguments, brief_document_of
from mcos.model.kept import Kept
from mcos.model.versions import Removal, Staged, Version

SCHEMA = 2
"""Raised when a release writes records that the one before must not change. 1: release 0.1.0."""


class NewerSchema(Exception):
    """A record of a newer release, which this one must leave as it is until it is replaced."""


class State(StrEnum):
    """State of an object; ``mcos.model.lifecycle`` has the transitions."""

    CREATING = "CREATING"
    CREATED = "CREATED"
    UPDATING = "UPDATING"
    DELETING = "DELETING"
    FAILED = "FAILED"


class ObjectKey(NamedTuple):
    """The key of an object; ``name`` is unique in its container."""

    account: str
    container: str
    name: str


@dataclass(frozen=True)
class ObjectRecord:
    """The catalog's record of an object.

    Attributes
    ----------
    sweeper
        The cluster that accepted the last change; its sweeper looks after the object.
    created_at, last_modified
        RFC 3339.
    revision
        ULID, greater with every write; a write is conditional on the revision that it replaces.
        Empty: not written yet.
    current
        The version that readers see; until enough of its replicas are stored, in staging.
    previous
        The version before it, which enough replicas have: kept until the current one has as many.
    pending
        Accepted versions that readers do not see yet, oldest first: see ``mcos.model.lifecycle``.
    removals
        Copies that must be removed.
    unstagings
        Staged content that must be removed.
    kept
        Deleted versions on their way to ``mcos.catalog.deleted``, where they wait.
    last
        The last version of a FAILED or DELETING object, to be shown.
    reason
        Why a FAILED object failed, or why the last change that was acknowledged was given up.
    sweeps
        How often a sweeper has looked at it since it changed; the next time is later with each.
    admitted
        Whether its container was seen after it was written, as far as somebody has noted it.
    missed_since
        RFC 3339; since when every sweep has missed its container, or its staged content. None: the
        last one missed nothing.
    schema
        ``SCHEMA`` of the release that wrote it.
    """

    account: str
    container: str
    name: str
    state: State
    sweeper: str
    created_at: str
    last_modified: str
    revision: str = ""
    current: Version | None = None
    previous: Version | None = None
    pending: tuple[Version, ...] = ()
    removals: tuple[Removal, ...] = ()
    unstagings: tuple[Staged, ...] = ()
    kept: tuple[Kept, ...] = ()
    last: Version | None = None
    reason: str | None = None
    sweeps: int = 0
    admitted: bool = False
    missed_since: str | None = None
    schema: int = SCHEMA
    unknown: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> ObjectKey:
        return ObjectKey(self.account, self.container, self.name)

    @property
    def versions(self) -> tuple[Version, ...]:
        """The current version, the previous one and the pending ones."""
        seen = (self.current, self.previous)
        return (*(one for one in seen if one is not None), *self.pending)

    @property
    def shown(self) -> Version:
        """The version that stat and listings describe: the current, else a pending or the last."""
        version = self.current or (self.pending[-1] if self.pending else None) or self.last
        if version is None:
            raise AssertionError("a record always has a version")
        return version

    @property
    def latest(self) -> Version:
        """The version accepted last, which conditional requests refer to."""
        return self.pending[-1] if self.pending else self.shown

    @property
    def taken(self) -> Version | None:
        """The version accepted last that its caller was told of; None: none is, or was read.

        A synchronous change that is under way is not: it has its turn when it is complete.
        """
        told = [one for one in self.pending if one.mode == "respond-async"]
        return told[-1] if told else self.current

    @property
    def is_gone(self) -> bool:
        """Whether there is no object for who wants to create one: it is FAILED or DELETING."""
        return self.state in (State.FAILED, State.DELETING)

    @property
    def owes(self) -> bool:
        """Whether anything must be removed, or kept for a later removal."""
        return bool(self.removals or self.unstagings or self.kept)

    @property
    def is_unsettled(self) -> bool:
        """Whether it still needs work, so that the sweeper must know it."""
        if self.owes or self.previous or self.state not in (State.CREATED, State.FAILED):
            return True
        return self.current is not None and not self.current.is_settled

    @property
    def waits_for(self) -> tuple[str, ...]:
        """Clusters whose replicas are all that it needs; empty if it needs anything else."""
        if self.current is None or self.pending or self.owes or self.state is State.DELETING:
            return ()
        return self.current.missing

    @property
    def is_admitted(self) -> bool:
        """Whether it is known that its container was seen: before any replica is stored it is."""
        return self.admitted or any(one.stored for one in self.versions)

    @property
    def retained_until(self) -> str | None:
        """RFC 3339; until then users may neither delete nor replace it. None: they always may.

        What was taken counts, though it may still be refused; a synchronous change that is under
        way does not.
        """
        taken = [one for one in self.pending if one.mode == "respond-async"]
        held = [self.current, *taken] if self.current else taken
        return max((one.retained_until for one in held if one.retained_until), default=None)

    def find(self, version_id: str) -> Version | None:
        """Return the current, previous or pending version with that id; None if there is none."""
        return next((one for one in self.versions if one.id == version_id), None)

    def as_json(self) -> dict[str, Any]:
        made: dict[str, Any] = {
            **brief_document_of(self),
            "state": self.state.value,
            # Whoever reads it must find these, whatever they are.
            "schema": self.schema,
            "current": self.current and self.current.as_json(),
            "pending": [version.as_json() for version in self.pending],
            "last": self.last and self.last.as_json(),
        }
        if self.previous:
            made["previous"] = self.previous.as_json()
        if self.removals:
            made["removals"] = [one.as_json() for one in self.removals]
        if self.unstagings:
            made["unstagings"] = [brief_document_of(one) for one in self.unstagings]
        if self.kept:
            made["kept"] = [one.as_json() for one in self.kept]
        return made

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "ObjectRecord":
        """Make a record of any earlier release, or of a newer one that has only added fields.

        Raises
        ------
        NewerSchema
        """

        def version(one: dict[str, Any] | None) -> Version | None:
            return Version.from_json(one) if one else None

        if value.get("schema", 1) > SCHEMA:
            raise NewerSchema(f"a record has schema {value['schema']}, and {SCHEMA} is known here")
        kept = {name: one for name, one in value.items() if name not in ("obsolete", "schema")}
        # Release 0.1.0 kept whole versions that had to be removed.
        obsolete = tuple(map(Version.from_json, value.get("obsolete", ())))
        removals = tuple(map(Removal.from_json, value.get("removals", ())))
        unstagings = tuple(Staged(**arguments(Staged, one)) for one in value.get("unstagings", ()))
        return cls(
            **{
                **arguments(cls, kept),
                "state": State(value["state"]),
                "current": version(value["current"]),
                "previous": version(value.get("previous")),
                "pending": tuple(map(Version.from_json, value["pending"])),
                "removals": removals + tuple(one for old in obsolete for one in old.removals()),
                "unstagings": unstagings + tuple(old.staged for old in obsolete if old.staged),
                "kept": tuple(map(Kept.from_json, value.get("kept", ()))),
                "last": version(value["last"]),
            }
        )


@dataclass(frozen=True)
class Container:
    """A named set of objects.

    Attributes
    ----------
    created_at
        RFC 3339.
    deletion
        Id of a deletion in progress; None if there is none.
    retention_days
        For so many days a version of an object may be neither deleted nor replaced; 0: it may.
    revision
        ULID, new with each write but a deletion's; empty: release 0.1.0 made it.
    """

    account: str
    name: str
    created_at: str
    storage_policy: str
    deletion: str | None = None
    retention_days: int = 0
    revision: str = ""
