"""Versions of an object, and their copies: what is wanted, stored, staged and to be removed.

``unknown`` has the fields of a newer release: see ``mcos.model.documents``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from mcos.model.documents import arguments, brief_document_of
from mcos.settings import Mode


@dataclass(frozen=True)
class Replica:
    """One copy of a version.

    Attributes
    ----------
    backend
        Kind of its backend.
    incarnation
        Identity of this copy, in its key on the backend: whatever removes the copy names it, so
        that nothing late removes another copy. Empty: it was written by release 0.1.0.
    stored
        Whether it is written and verified.
    leaving
        Whether another replica is to replace it; it stays until that one is stored.
    tag
        The service's tag of a replica written in parts; None: the service has its MD5.
    replaces
        Incarnation of the damaged copy that this one replaces; it stays until this one is stored.
    """

    backend: str
    incarnation: str = ""
    stored: bool = False
    leaving: bool = False
    tag: str | None = None
    replaces: str | None = None
    unknown: Mapping[str, Any] = field(default_factory=dict)

    @property
    def progress(self) -> str:
        """Its state for users: ``leaving``, ``stored`` or ``writing``."""
        if self.leaving:
            return "leaving"
        return "stored" if self.stored else "writing"


@dataclass(frozen=True)
class Loan:
    """A version that is copied from another one, whose copies stay for it: see ``Lender``.

    Attributes
    ----------
    container, object
        Where it is, or will be in a moment: it is accepted after the loan is written.
    version
        Its id.
    """

    container: str
    object: str
    version: str
    unknown: Mapping[str, Any] = field(default_factory=dict, hash=False)


class Stored(NamedTuple):
    """A copy that was written and verified: its incarnation and, if in parts, the service's tag."""

    incarnation: str
    tag: str | None = None


@dataclass(frozen=True)
class Removal:
    """A copy of a version that no reader sees and that must be removed from its cluster.

    Attributes
    ----------
    version
        Id of the version.
    incarnation
        The copy's; see ``Replica``.
    in_parts
        Whether it is written in parts.
    late
        Whether its write may still be running.
    taken_from, restored_from
        The version's.
    why
        Why the system itself removes it: ``moved``, ``damaged`` or ``stray``. Empty: users have
        asked for it, by a delete or a change, or their call has failed.
    lent_to
        The version's: the copy stays until they need it no more.
    """

    cluster: str
    version: str
    incarnation: str = ""
    in_parts: bool = False
    late: bool = False
    taken_from: str = ""
    restored_from: str = ""
    why: str = ""
    lent_to: tuple[Loan, ...] = ()
    unknown: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def as_json(self) -> dict[str, Any]:
        return _with_loans(brief_document_of(self), self.lent_to)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Removal":
        return cls(**{**arguments(cls, value), "lent_to": _loans_in(value)})


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
    unknown: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Lender:
    """The version that another one is copied from, within an account.

    Until the copy has replicas of its own, those of the lender are read in their place, and stay
    whatever becomes of the lender's object: ``Version.lent_to`` is the other half.

    Attributes
    ----------
    version
        As it was when it was lent, without what describes it: of it only copies and digests are
        used. Its replicas may have moved since.
    """

    container: str
    object: str
    version: "Version"
    unknown: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {**brief_document_of(self), "version": self.version.as_json()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Lender":
        version = Version.from_json(value["version"])
        return cls(**{**arguments(cls, value), "version": version})


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
        Number of stored replicas by which the version can do without staging.
    replicas
        By cluster.
    digested
        Whether the digests were computed from the content.
    part_size
        Bytes of each part but the last in which replicas are written; 0: in one piece.
    parts_md5
        Hexadecimal MD5 of the concatenated binary MD5s of the parts; empty: in one piece.
    taken_from
        Id of the upload or event that it was taken from; empty: its content came with a call.
    restored_from
        Id of the deletion that it was taken back from last; empty: it never was.
    retained_until
        RFC 3339; until then it may be neither deleted nor replaced. None: it may be at any time.
        A guess until the call that made it, or the sweeper, has seen its container.
    headers
        Of the content, names in lower case; see ``mcos.model.representation``.
    sent_tag
        What S3 made of the content as it was sent: its MD5, or for N parts ``<MD5 of the parts'
        MD5s>-N``, hexadecimal. Empty: it came with a call, or was taken by release 0.1.0.
    described_at
        RFC 3339; when its type, metadata or headers were changed last. Empty: never.
    borrowed_from
        The version that it is copied from; None: it is not, or does not need it any more.
    lent_to
        Versions that are, or were, copied from this one.
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
    taken_from: str = ""
    restored_from: str = ""
    retained_until: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    sent_tag: str = ""
    described_at: str = ""
    borrowed_from: Lender | None = None
    lent_to: tuple[Loan, ...] = ()
    unknown: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_acknowledged(self) -> bool:
        """Whether its caller was told that it is taken, and its digests are known."""
        return self.mode == "respond-async" and self.digested

    @property
    def etag(self) -> str:
        """What users compare it by, quoted: it never changes.

        The MD5 of what came in one piece, and of what came in N parts S3's tag. Until its MD5 is
        known, a version that release 0.1.0 has taken has its id.
        """
        return f'"{self.sent_tag or self.md5 or self.id}"'

    @property
    def modified(self) -> datetime:
        """When it, or what describes it, changed last; whole seconds, as ``Last-Modified``."""
        return datetime.fromisoformat(self.changed_at).replace(microsecond=0)

    @property
    def changed_at(self) -> str:
        """When it was made, or what describes it was changed last, RFC 3339."""
        return self.described_at or self.created_at

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
        """Whether enough replicas are stored for readers, who then do not need staging."""
        return len(self.stored) >= min(self.readable_from, self.wanted)

    @property
    def stand_in(self) -> "Version | None":
        """The version whose copies are read in place of its own; None: its own are read.

        Of a synchronous one, which is written as a whole, others are needed until it is complete.
        """
        enough = self.is_complete if self.mode == "wait" else self.is_readable
        if self.borrowed_from is None or enough:
            return None
        return replace(self.borrowed_from.version, content_type=self.content_type)

    @property
    def has_copies(self) -> bool:
        """Whether a copy of its content is stored, its own or its lender's."""
        return bool(self.stored or (self.borrowed_from and self.borrowed_from.version.stored))

    def doubted(self) -> "Version | None":
        """Return the version as if it had the copies that were found damaged, and no others.

        They may not be damaged after all.

        Returns
        -------
        None if there are none. Nor are copies in parts among them: their digest cannot be told
        before all of them is read.
        """
        if self.part_size > 0:
            return None
        copies = {
            name: replace(one, incarnation=one.replaces, stored=True, replaces=None)
            for name, one in self.replicas.items()
            if one.replaces is not None
        }
        return replace(self, replicas=copies) if copies else None

    def tag(self, cluster: str) -> str:
        """Return what the cluster's service has for its replica: the MD5, or its own tag."""
        return self.replicas[cluster].tag or self.md5

    def copies(self, clusters: Iterable[str]) -> dict[str, Stored]:
        """Return the version's own copies on some clusters, as stored ones."""
        return {name: Stored(self.replicas[name].incarnation) for name in clusters}

    def with_stored(self, stored: Mapping[str, Stored]) -> "Version":
        """Return this version with replicas stored, by cluster; copies that it has not are ignored.

        A copy has then replaced the damaged one.
        """

        def after(name: str, one: Replica) -> Replica:
            copy = stored.get(name)
            if copy is None or copy.incarnation != one.incarnation:
                return one
            return replace(one, stored=True, tag=copy.tag or one.tag, replaces=None)

        following = replace(
            self, replicas={name: after(name, one) for name, one in self.replicas.items()}
        )
        return following if following.stand_in else replace(following, borrowed_from=None)

    def removals(self, clusters: Iterable[str] | None = None) -> tuple[Removal, ...]:
        """Return the removals of the copies on some clusters; None: of all copies."""
        return tuple(
            Removal(
                name,
                self.id,
                incarnation,
                in_parts=self.part_size > 0,
                late=late,
                taken_from=self.taken_from,
                restored_from=self.restored_from,
            )
            for name in (self.replicas if clusters is None else clusters)
            for incarnation, late in _copies(self.replicas[name])
        )

    def as_json(self) -> dict[str, Any]:
        made = {
            **brief_document_of(self),
            "staged": self.staged and brief_document_of(self.staged),
            "replicas": {name: brief_document_of(one) for name, one in self.replicas.items()},
        }
        if self.borrowed_from:
            made["borrowed_from"] = self.borrowed_from.as_json()
        return _with_loans(made, self.lent_to)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Version":
        replicas = {
            name: Replica(**arguments(Replica, replica))
            for name, replica in value["replicas"].items()
        }
        lender = value.get("borrowed_from")
        return cls(
            **{
                **arguments(cls, value),
                "replicas": replicas,
                "staged": Staged(**arguments(Staged, value["staged"])) if value["staged"] else None,
                "borrowed_from": Lender.from_json(lender) if lender else None,
                "lent_to": _loans_in(value),
            }
        )


def _with_loans(document: dict[str, Any], loans: Iterable[Loan]) -> dict[str, Any]:
    written = [brief_document_of(one) for one in loans]
    return {**document, "lent_to": written} if written else document


def _loans_in(document: Mapping[str, Any]) -> tuple[Loan, ...]:
    return tuple(Loan(**arguments(Loan, one)) for one in document.get("lent_to", ()))


def _copies(replica: Replica) -> Iterable[tuple[str, bool]]:
    """Return the incarnations that a replica may have on its backend; is its write running?"""
    yield replica.incarnation, not replica.stored
    if replica.replaces is not None:
        yield replica.replaces, False
