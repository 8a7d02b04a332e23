"""The catalog's records of objects, versions, replicas and containers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple

from mcos.settings import Mode


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
class Replica:
    """One copy of a version.

    Attributes
    ----------
    backend
        Kind of its backend.
    stored
        Whether it is written and verified.
    leaving
        Whether another replica is to replace it; it stays until that one is stored.
    tag
        The service's tag of a replica written in parts; None: the service has its MD5.
    """

    backend: str
    stored: bool = False
    leaving: bool = False
    tag: str | None = None

    @property
    def progress(self) -> str:
        """Its state for users: ``leaving``, ``stored`` or ``writing``."""
        if self.leaving:
            return "leaving"
        return "stored" if self.stored else "writing"


@dataclass(frozen=True)
class Staged:
    """Where content is staged.

    Attributes
    ----------
    cluster
        The cluster whose staging bucket has it.
    key
        Key in the bucket.
    version, etag
        S3's version id and ETag, because others may write to the same key; None if they are not
        known.
    """

    cluster: str
    key: str
    version: str | None = None
    etag: str | None = None


@dataclass(frozen=True)
class Version:
    """One version of an object: its content, metadata and replicas.

    Attributes
    ----------
    id
        ULID.
    size
        Bytes.
    md5, sha256
        Hexadecimal and base64; see ``mcos.model.digests``. Until the version is ``digested``, the
        digests that its sender gave, each empty if none was given.
    metadata
        User metadata, names in lower case.
    created_at
        RFC 3339.
    mode
        How its caller waits.
    staged
        Where the content is staged; None if it is in the execution's input.
    storage_policy
        Name of the policy by which the replicas were placed.
    readable_from
        Number of stored replicas that make the version readable.
    replicas
        By cluster.
    digested
        Whether the digests were computed from the content.
    part_size
        Bytes of each part but the last in which replicas are written; 0: in one piece.
    parts_md5
        Hexadecimal MD5 of the concatenated binary MD5s of the parts; empty: in one piece.
    """

    id: str
    size: int
    md5: str
    sha256: str
    content_type: str
    metadata: dict[str, str]
    created_at: str
    mode: Mode
    staged: Staged | None
    storage_policy: str
    readable_from: int
    replicas: dict[str, Replica]
    digested: bool = True
    part_size: int = 0
    parts_md5: str = ""

    @property
    def etag(self) -> str:
        """The quoted MD5; until it is known, the quoted id."""
        return f'"{self.md5 or self.id}"'

    @property
    def stored(self) -> tuple[str, ...]:
        """Clusters whose replica is stored."""
        return tuple(name for name, replica in self.replicas.items() if replica.stored)

    @property
    def wanted(self) -> int:
        """Number of replicas that the version needs; leaving ones do not count."""
        return sum(not replica.leaving for replica in self.replicas.values())

    @property
    def is_complete(self) -> bool:
        """Whether enough replicas are stored; a leaving one counts while it is stored."""
        return len(self.stored) >= self.wanted

    @property
    def is_settled(self) -> bool:
        """Whether every replica is stored and none is leaving."""
        return all(one.stored and not one.leaving for one in self.replicas.values())

    @property
    def missing(self) -> tuple[str, ...]:
        """Clusters whose replica is needed and not stored."""
        return tuple(
            name for name, one in self.replicas.items() if not one.stored and not one.leaving
        )

    @property
    def is_readable(self) -> bool:
        """Whether enough replicas are stored for readers to see it."""
        return len(self.stored) >= min(self.readable_from, self.wanted)

    def tag(self, cluster: str) -> str:
        """Return what the cluster's service has for its replica: the MD5, or its own tag."""
        return self.replicas[cluster].tag or self.md5

    def with_stored(
        self, clusters: Iterable[str], tags: Mapping[str, str] | None = None
    ) -> "Version":
        """Return this version with the replicas on ``clusters`` stored; others are ignored.

        Parameters
        ----------
        tags
            The services' tags of replicas that were written in parts, by cluster.
        """
        stored, new_tags = set(clusters), tags or {}
        return replace(
            self,
            replicas={
                name: replace(one, stored=True, tag=new_tags.get(name, one.tag))
                if name in stored
                else one
                for name, one in self.replicas.items()
            },
        )

    def as_json(self) -> dict[str, Any]:
        return {
            **vars(self),
            "staged": self.staged and vars(self.staged),
            "replicas": {name: vars(replica) for name, replica in self.replicas.items()},
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Version":
        replicas = {name: Replica(**replica) for name, replica in value["replicas"].items()}
        staged = Staged(**value["staged"]) if value["staged"] else None
        return cls(**{**value, "replicas": replicas, "staged": staged})


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
        The version that readers see; a replica may still be missing.
    pending
        Accepted versions that readers do not see yet, oldest first; at most two, see
        ``mcos.model.lifecycle``.
    obsolete
        Versions whose replicas and staged content must be removed.
    last
        The last version of a FAILED or DELETING object, to be shown.
    reason
        Why a FAILED object failed.
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
    pending: tuple[Version, ...] = ()
    obsolete: tuple[Version, ...] = ()
    last: Version | None = None
    reason: str | None = None

    @property
    def key(self) -> ObjectKey:
        return ObjectKey(self.account, self.container, self.name)

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
    def is_unsettled(self) -> bool:
        """Whether it still needs work, so that the sweeper must know it."""
        if self.obsolete or self.state not in (State.CREATED, State.FAILED):
            return True
        return self.current is not None and not self.current.is_settled

    def find(self, version_id: str) -> Version | None:
        """Return the current or pending version with that id; None if there is none."""
        for version in (self.current, *self.pending):
            if version is not None and version.id == version_id:
                return version
        return None

    def as_json(self) -> dict[str, Any]:
        return {
            **vars(self),
            "state": self.state.value,
            "current": self.current and self.current.as_json(),
            "pending": [version.as_json() for version in self.pending],
            "obsolete": [version.as_json() for version in self.obsolete],
            "last": self.last and self.last.as_json(),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "ObjectRecord":
        def version(one: dict[str, Any] | None) -> Version | None:
            return Version.from_json(one) if one else None

        return cls(
            **{
                **value,
                "state": State(value["state"]),
                "current": version(value["current"]),
                "pending": tuple(map(Version.from_json, value["pending"])),
                "obsolete": tuple(map(Version.from_json, value["obsolete"])),
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
    """

    account: str
    name: str
    created_at: str
    storage_policy: str
    deletion: str | None = None
