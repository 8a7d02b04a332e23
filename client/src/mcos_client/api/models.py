"""What the calls answer, as plain values.

Times are aware ``datetime`` in UTC, sizes are bytes, ``etag`` is the MD5 in quotes as HTTP has it,
``sha256`` is base64 as RFC 9530 has it. Large content is digested after it was taken: until then
``sha256`` is None, and ``etag`` is the version's id in quotes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Self

from mcos_client.api.policies import StoragePolicy

State = Literal["CREATING", "CREATED", "UPDATING", "DELETING", "FAILED"]
ReplicaState = Literal["stored", "writing", "leaving"]


@dataclass(frozen=True)
class Token:
    """Proof of who is calling, good at every entry point until ``expires_at``."""

    token: str
    expires_at: datetime

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(token=value["token"], expires_at=_time(value["expires_at"]))


@dataclass(frozen=True)
class Container:
    """A container; its objects can be neither deleted nor replaced for ``retention_days``."""

    name: str
    created_at: datetime
    storage_policy: str
    retention_days: int = 0

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            value["name"],
            _time(value["created_at"]),
            value["storage_policy"],
            value.get("retention_days", 0),
        )


@dataclass(frozen=True)
class ContainerPage:
    """A page of the account's containers; the last one has no ``next_marker``."""

    containers: tuple[Container, ...]
    next_marker: str | None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            tuple(Container.from_json(one) for one in value["containers"]),
            value.get("next_marker"),
        )


@dataclass(frozen=True)
class ListedObject:
    name: str
    size: int
    etag: str
    content_type: str
    state: State
    last_modified: datetime
    sha256: str | None = None
    mtime: str | None = None

    @property
    def deleted(self) -> bool:
        """Whether no reader sees it any more: it is listed until its removal is sure."""
        return self.state == "DELETING"

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            name=value["name"],
            size=value["size"],
            etag=value["etag"],
            content_type=value["content_type"],
            state=value["state"],
            last_modified=_time(value["last_modified"]),
            sha256=_sha256(value),
            mtime=value.get("mtime"),
        )


@dataclass(frozen=True)
class ObjectPage:
    """A page of a container's objects; the last one has no ``next_marker``."""

    objects: tuple[ListedObject, ...]
    common_prefixes: tuple[str, ...]
    next_marker: str | None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            tuple(ListedObject.from_json(one) for one in value["objects"]),
            tuple(value["common_prefixes"]),
            value.get("next_marker"),
        )


@dataclass(frozen=True)
class DeletedObject:
    """A deleted version of an object, which can be taken back until ``removed_after``."""

    name: str
    version: str
    size: int
    etag: str
    content_type: str
    deleted_at: datetime
    removed_after: datetime

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            name=value["name"],
            version=value["version"],
            size=value["size"],
            etag=value["etag"],
            content_type=value["content_type"],
            deleted_at=_time(value["deleted_at"]),
            removed_after=_time(value["removed_after"]),
        )


@dataclass(frozen=True)
class DeletedPage:
    """A page of what was deleted in a container; the last one has no ``next_marker``."""

    deleted: tuple[DeletedObject, ...]
    next_marker: str | None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        found = tuple(DeletedObject.from_json(one) for one in value["deleted"])
        return cls(found, value.get("next_marker"))


@dataclass(frozen=True)
class Written:
    """The version that a create or an update has made (CREATED) or will make.

    Attributes
    ----------
    replicas
        Replicas stored, and wanted.
    preference_applied
        ``respond-async`` or ``wait=N``; empty: it was done at once, without a new version.
    """

    name: str
    container: str
    size: int
    etag: str
    content_type: str
    state: State
    version: str
    replicas: tuple[int, int]
    preference_applied: str

    @classmethod
    def from_reply(cls, value: Mapping[str, Any], headers: Mapping[str, str]) -> Self:
        return cls(
            name=value["name"],
            container=value["container"],
            size=value["size"],
            etag=value["etag"],
            content_type=value["content_type"],
            state=value["state"],
            version=value["version"],
            replicas=_replica_counts(headers["x-mcos-replicas"]),
            preference_applied=headers.get("preference-applied", ""),
        )


@dataclass(frozen=True)
class Replica:
    """One copy of a version on one backend.

    ``leaving`` is stored, until another replica has taken its place.
    """

    cluster: str
    backend: str
    state: ReplicaState
    size: int
    sha256: str | None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            cluster=value["cluster"],
            backend=value["backend"],
            state=value["state"],
            size=value["size"],
            sha256=_sha256(value),
        )


@dataclass(frozen=True)
class PendingVersion:
    """An accepted version that readers do not see yet."""

    version: str
    size: int
    etag: str
    content_type: str
    storage_policy: str
    created_at: datetime
    replicas: tuple[Replica, ...]

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            version=value["version"],
            size=value["size"],
            etag=value["etag"],
            content_type=value["content_type"],
            storage_policy=value["storage_policy"],
            created_at=_time(value["created_at"]),
            replicas=tuple(Replica.from_json(one) for one in value["replicas"]),
        )


@dataclass(frozen=True)
class ObjectStat:
    """What an object is: the version that readers see, else the one that is to come.

    ``headers`` are those of its content: ``Cache-Control`` and others that ``put_object`` takes.
    ``reason`` says why a FAILED object failed. ``pending`` is oldest first. Until
    ``retained_until`` it can be neither deleted nor replaced; None: it always can.
    """

    name: str
    container: str
    size: int
    etag: str
    sha256: str | None
    content_type: str
    metadata: dict[str, str]
    state: State
    version: str
    storage_policy: str
    created_at: datetime
    last_modified: datetime
    reason: str | None
    replicas: tuple[Replica, ...]
    pending: tuple[PendingVersion, ...]
    retained_until: datetime | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def deleted(self) -> bool:
        """Whether no reader sees it any more."""
        return self.state == "DELETING"

    @property
    def settled(self) -> bool:
        """Whether nothing is under way for it."""
        return self.state in ("CREATED", "FAILED") and not self.pending

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            name=value["name"],
            container=value["container"],
            size=value["size"],
            etag=value["etag"],
            sha256=_sha256(value),
            content_type=value["content_type"],
            metadata=dict(value["metadata"]),
            state=value["state"],
            version=value["version"],
            storage_policy=value["storage_policy"],
            created_at=_time(value["created_at"]),
            last_modified=_time(value["last_modified"]),
            reason=value.get("reason"),
            replicas=tuple(Replica.from_json(one) for one in value["replicas"]),
            pending=tuple(PendingVersion.from_json(one) for one in value["pending"]),
            retained_until=_time(value["retained_until"]) if "retained_until" in value else None,
            headers=dict(value.get("headers", {})),
        )


@dataclass(frozen=True)
class LocatedReplica:
    """Where a replica is; provider and location are None if its cluster is not linked any more."""

    cluster: str
    backend: str
    provider: str | None
    location: str | None
    state: ReplicaState

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            cluster=value["cluster"],
            backend=value["backend"],
            provider=value["provider"],
            location=value["location"],
            state=value["state"],
        )


@dataclass(frozen=True)
class PlacedCluster:
    """What a cluster would be for an object's next version, and why.

    Attributes
    ----------
    part
        The part of the storage policy that a target's replica is for, from 0.
    score
        What the cluster drew for the object; higher is better.
    """

    cluster: str
    role: Literal["target", "spare", "excluded"]
    part: int | None
    score: float
    reason: str
    provider: str
    location: str
    labels: dict[str, str]
    state: str

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            cluster=value["cluster"],
            role=value["role"],
            part=value["part"],
            score=value["score"],
            reason=value["reason"],
            provider=value["provider"],
            location=value["location"],
            labels=dict(value["labels"]),
            state=value["state"],
        )


@dataclass(frozen=True)
class ObjectPlacement:
    """Where an object is (nowhere if there is none), and where its next version would be."""

    name: str
    container: str
    storage_policy: StoragePolicy
    version: str | None
    replicas: tuple[LocatedReplica, ...]
    placement: tuple[PlacedCluster, ...]

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            name=value["name"],
            container=value["container"],
            storage_policy=StoragePolicy.from_json(value["storage_policy"]),
            version=value["version"],
            replicas=tuple(LocatedReplica.from_json(one) for one in value["replicas"]),
            placement=tuple(PlacedCluster.from_json(one) for one in value["placement"]),
        )


@dataclass(frozen=True)
class Download:
    """An object's bytes, or a range of them.

    Attributes
    ----------
    content_range
        ``bytes first-last/size``; None if the content is whole.
    sha256
        Of the whole content, base64.
    """

    content: bytes
    content_type: str
    content_range: str | None
    etag: str
    sha256: str | None
    version: str
    state: State
    metadata: dict[str, str]


@dataclass(frozen=True)
class Elsewhere:
    """Where content is that no call carries: at a storage service, under a signed URL.

    Attributes
    ----------
    size
        Of the whole content.
    """

    url: str
    size: int
    etag: str
    sha256: str | None
    version: str


@dataclass(frozen=True)
class Downloaded:
    """What was downloaded into a file.

    Attributes
    ----------
    sha256
        What the bytes were checked against; None: the version has not been digested yet.
    """

    size: int
    etag: str
    version: str
    sha256: str | None


def _sha256(value: Mapping[str, Any]) -> str | None:
    digest: str | None = (value.get("digest") or {}).get("sha-256")
    return digest


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _replica_counts(text: str) -> tuple[int, int]:
    stored, _, wanted = text.partition("/")
    return int(stored), int(wanted)
