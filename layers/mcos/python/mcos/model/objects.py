"""What the catalog records: plain values, with no I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple

from mcos.settings import Mode


class State(StrEnum):
    """Where an object is in its life; ``mcos.model.lifecycle`` moves it."""

    CREATING = "CREATING"
    CREATED = "CREATED"
    UPDATING = "UPDATING"
    DELETING = "DELETING"
    FAILED = "FAILED"


class ObjectKey(NamedTuple):
    """What names an object; ``name`` is unique in its container."""

    account: str
    container: str
    name: str


@dataclass(frozen=True)
class Replica:
    """One copy of a version.

    Attributes
    ----------
    backend
        Kind of the backend that it is on.
    stored
        Whether it is there and verified.
    leaving
        Whether another one is to take its place; it stays until that one is stored.
    tag
        What its service says in place of the MD5, of a replica that was written in parts.
    """

    backend: str
    stored: bool = False
    leaving: bool = False
    tag: str | None = None

    @property
    def progress(self) -> str:
        """How far it is, as users are told: ``leaving``, ``stored`` or ``writing``."""
        if self.leaving:
            return "leaving"
        return "stored" if self.stored else "writing"


@dataclass(frozen=True)
class Staged:
    """Where a content is staged.

    Attributes
    ----------
    cluster
        Whose staging bucket has it.
    key
        In the bucket.
    version, etag
        S3's id of what was put there, and its ETag: others may put something else there too. None:
        the bucket keeps no versions.
    """

    cluster: str
    key: str
    version: str | None = None
    etag: str | None = None


@dataclass(frozen=True)
class Version:
    """One content of an object.

    Attributes
    ----------
    id
        ULID.
    size
        Bytes.
    md5, sha256
        Hexadecimal and base64; see ``mcos.model.digests``. While it is not ``digested`` they are
        what the user said of the content, empty if nothing.
    metadata
        The user's, names in lower case.
    mode
        How the caller that sent it waits.
    staged
        Where the content is staged; None when it rides in the execution's input.
    storage_policy
        By which the replicas were placed.
    readable_from
        How many stored replicas make the version readable.
    replicas
        By cluster.
    digested
        Whether the digests are known to be those of the content.
    part_size
        Bytes of each part in which the replicas are written, but the last; 0: in one piece.
    parts_md5
        Hexadecimal MD5 of the parts' binary MD5s one after another; empty: in one piece.
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
        """The MD5 in quotes, as HTTP has it; the id stands in for it while it is not known."""
        return f'"{self.md5 or self.id}"'

    @property
    def stored(self) -> tuple[str, ...]:
        """Clusters that hold a stored, verified replica."""
        return tuple(name for name, replica in self.replicas.items() if replica.stored)

    @property
    def wanted(self) -> int:
        """How many replicas the version is to have; those that leave do not count."""
        return sum(not replica.leaving for replica in self.replicas.values())

    @property
    def complete(self) -> bool:
        """Whether as many replicas are stored as are wanted; one that leaves counts until then."""
        return len(self.stored) >= self.wanted

    @property
    def settled(self) -> bool:
        """Whether every replica is stored and stays."""
        return all(one.stored and not one.leaving for one in self.replicas.values())

    @property
    def missing(self) -> tuple[str, ...]:
        """Clusters whose replica is not stored and wanted."""
        return tuple(
            name for name, one in self.replicas.items() if not one.stored and not one.leaving
        )

    @property
    def readable(self) -> bool:
        """Whether enough replicas are stored for readers to rely on it."""
        return len(self.stored) >= min(self.readable_from, self.wanted)

    def tag(self, cluster: str) -> str:
        """What the service of a cluster says of its replica: the MD5, or a tag of its own."""
        return self.replicas[cluster].tag or self.md5

    def with_stored(
        self, clusters: Iterable[str], tags: Mapping[str, str] | None = None
    ) -> "Version":
        """This version with the replicas on ``clusters`` stored; other clusters are ignored.

        Parameters
        ----------
        tags
            The services' tags of replicas that were written in parts, by cluster.
        """
        stored, told = set(clusters), tags or {}
        return replace(
            self,
            replicas={
                name: replace(one, stored=True, tag=told.get(name, one.tag))
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
    """An object as the catalog has it.

    Attributes
    ----------
    revision
        A ULID, greater with every write, which gives it; a write names the revision that it
        replaces. Empty: it was never written.
    current
        The version that readers see; it may still miss a replica.
    pending
        Accepted versions that readers do not see yet, oldest first; at most two: see
        ``mcos.model.lifecycle``.
    obsolete
        Versions whose replicas and staged content are owed a removal.
    last
        What a FAILED or DELETING object last had, to be shown; ``reason`` says why it failed.
    sweeper
        Cluster that accepted the last change, and so the one whose sweeper looks after it.
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
        """The version that stat and listings describe: what readers see, else what is to come."""
        version = self.current or (self.pending[-1] if self.pending else None) or self.last
        if version is None:
            raise AssertionError("a record always has a version")
        return version

    @property
    def latest(self) -> Version:
        """The version accepted last, which conditional requests speak of."""
        return self.pending[-1] if self.pending else self.shown

    @property
    def unsettled(self) -> bool:
        """Whether something is still to be done for it."""
        if self.obsolete or self.state not in (State.CREATED, State.FAILED):
            return True
        return self.current is not None and not self.current.settled

    def find(self, version_id: str) -> Version | None:
        """The current or pending version of that id."""
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
    """A named set of objects. ``deletion`` names a deletion that is under way, if one is."""

    account: str
    name: str
    created_at: str
    storage_policy: str
    deletion: str | None = None
