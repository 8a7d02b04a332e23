"""What every storage backend promises: its calls, what they return, and how they fail.

Bytes are counted from 0, sizes are bytes, times are seconds or aware datetimes in UTC. An MD5 is
32 lower-case hexadecimal digits; a SHA-256 is base64 (44 characters), as in RFC 9530.
"""

import builtins
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import ClassVar, Protocol, Self

KEY_BYTES = 200
"""Longest key. Every service takes it, a Ceph OSD with a lowered name limit too."""

LIST_LIMIT = 1000
"""Most replicas in a page of ``list``: what S3 gives at once."""

SIGNED_URL_SECONDS = 7 * 24 * 3600
"""Longest life of a signed URL: what an S3 signature (version 4) allows."""

PARTS_LIMIT = 10_000
"""Most parts of a replica: what S3 takes."""

_SEGMENT = r"[A-Za-z0-9._~@+=,-]+"
_KEY = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")


def check_key(key: str) -> str:
    """Return ``key`` if every backend can hold it.

    A key is 1 to 200 characters out of ASCII letters, digits and ``. _ ~ @ + = , -``, in segments
    parted by single slashes. ``.`` and ``..`` are no segments: HTTP clients fold them away, and
    the request would go to another key, or out of the container. ``~parts`` is no first segment: a
    backend may keep there what replicas are made of.

    Raises
    ------
    ValueError
    """
    if not _KEY.fullmatch(key) or len(key) > KEY_BYTES:
        raise ValueError(f"not a replica key: {key!r}")
    if not {".", ".."}.isdisjoint(key.split("/")):
        raise ValueError(f"a replica key has no '.' or '..' segments: {key!r}")
    if key.startswith("~parts/"):
        raise ValueError(f"not a replica key, but a part's: {key!r}")
    return key


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a backend may be silent.

    Attributes
    ----------
    connect_seconds
        To open a connection (for each address of its name), and to take up to 1 MiB of an upload.
    read_seconds
        To begin its reply, and between two pieces of a reply.
    """

    connect_seconds: float = 2.0
    read_seconds: float = 8.0

    @property
    def worst_case_seconds(self) -> float:
        """Longest time until a call on a service that refuses, resets or hangs has failed.

        A call is repeated inside once at most, and only when it failed within
        ``connect_seconds``, so this is twice the one and once the other: 12 s by default. What
        a service that answers slowly, or hangs in the middle of a call, can add to it is in
        EXTENDING.md.
        """
        return 2 * self.connect_seconds + self.read_seconds


@dataclass(frozen=True, slots=True)
class ReplicaStat:
    """What a service says about a replica.

    Attributes
    ----------
    key
        Under which the replica is kept.
    size
        Bytes of the whole replica, also where only a range of it was asked for.
    md5
        Hexadecimal, of the whole replica, as the service computed it. Not so where ``in_parts``.
    content_type
        As it was put. In a listing as the service writes it: None (S3), or without the spaces that
        mean nothing (Swift).
    stored_at
        By the service's clock, to the second. From ``put``: when it answered, which may be a moment
        later than what it says afterwards.
    in_parts
        Whether it was written in parts. Then ``md5`` is not of its bytes, but the service's own
        tag, made of the parts' digests: opaque, and the same for as long as the replica is.
    parts_md5
        What ``begin_parts`` was told, which the service keeps with a replica in parts; None in
        listings.
    """

    key: str
    size: int
    md5: str
    content_type: str | None
    stored_at: datetime
    in_parts: bool = False
    parts_md5: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a replica, as the service holds it.

    Attributes
    ----------
    number
        1 to 10,000.
    size
        Bytes.
    md5
        Hexadecimal.
    """

    number: int
    size: int
    md5: str


@dataclass(frozen=True, slots=True)
class ReplicaPage:
    """One page of a listing.

    Attributes
    ----------
    replicas
        In order of their keys, bytewise.
    next_marker
        The ``marker`` of the next page; None when nothing follows. A last page may be empty.
    """

    replicas: tuple[ReplicaStat, ...]
    next_marker: str | None


class Content(Protocol):
    """What ``put`` reads: any binary file or stream. One that can seek may be sent twice."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes; none at the end."""


class ReplicaReader(Protocol):
    """A replica, or a range of it, while it comes in. A context manager; iterate it or ``read``.

    What is handed out is what the service holds, or an exception: a reply that ends early raises
    ``BackendUnavailable``, and a whole read whose MD5 is not ``stat.md5`` raises
    ``ReplicaDigestMismatch`` in place of its last piece. Of a replica in parts there is no MD5 to
    compare with: whoever reads it verifies what it knows of it.
    """

    @property
    def stat(self) -> ReplicaStat:
        """The whole replica's; ``stat.size`` is not the length of a range."""

    @property
    def length(self) -> int:
        """Bytes that this reader gives in all."""

    def read(self, size: int = -1) -> bytes:
        """Return the next ``size`` bytes, fewer only at the end; all that is left for -1."""

    def __iter__(self) -> Iterator[bytes]:
        """Yield the rest in pieces of at most 256 KiB."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let the connection go, also in the middle."""

    def close(self) -> None:
        """Let the connection go, also in the middle."""


class StorageError(Exception):
    """Base of what a backend raises.

    Its message names the backend's kind, the call, the key, and the service's status and error
    code; never a secret, a token, a signed URL or a service's own words, which may hold them.

    Attributes
    ----------
    code
        Stable name of the reason, for results and metrics.
    retryable
        Whether the same call may succeed later without anybody's doing.
    """

    code: ClassVar[str] = "storage_error"
    retryable: ClassVar[bool] = False


class ReplicaNotFound(StorageError):
    """There is no replica under the key. (A missing bucket looks the same to ``stat``.)"""

    code = "replica_not_found"


class ReplicaDigestMismatch(StorageError):
    """The bytes are not those that the digests or the size stand for."""

    code = "replica_digest_mismatch"


class ReplicaConflict(StorageError):
    """The key holds a replica with another digest. It was left as it is."""

    code = "replica_conflict"


class RangeNotSatisfiable(StorageError):
    """The range begins behind the replica's last byte. An empty replica has no ranges."""

    code = "range_not_satisfiable"


class BackendUnavailable(StorageError):
    """The service refused, reset, hung, was too slow, or answered 5xx, 408 or 429.

    Whether a ``put`` or ``delete`` took effect is not known; both may be repeated.
    """

    code = "backend_unavailable"
    retryable = True


class BackendRefused(StorageError):
    """The service answered, and will answer the same again: credentials, permission, request."""

    code = "backend_refused"


class BackendMisconfigured(StorageError):
    """No backend can be opened: an unknown kind, wrong settings, or a layer is not there."""

    code = "backend_misconfigured"


class StorageBackend(Protocol):
    """One bucket or container of one storage service, holding replicas under keys.

    A backend may be used from several threads at once. Opening one makes no network call. Beside
    what is listed at each call, every call raises ``BackendUnavailable``, ``BackendRefused``, and
    ``ValueError`` for an argument that no backend takes (see ``check_key``).
    """

    @property
    def kind(self) -> str:
        """Name under which the registry knows this kind of backend."""

    def put(
        self,
        key: str,
        content: Content,
        *,
        size: int,
        md5: str,
        sha256: str,
        content_type: str,
    ) -> ReplicaStat:
        """Store a replica; it is readable whole, or not at all.

        Keys are written once. Putting the same bytes again succeeds and changes nothing; the
        service then need not have looked at ``content``.

        Parameters
        ----------
        key
            Where to keep it.
        content
            Read from where it stands; what is more than 1 MiB in pieces, with bounded memory. It
            is neither closed nor, if it can seek, left in a known place.
        size
            Bytes that ``content`` has from there on; not more, not fewer.
        md5, sha256
            Of these bytes: hexadecimal, base64. Both are computed on the way, before the last
            piece leaves; the service is made to verify the MD5 as well.
        content_type
            Printable ASCII, kept with the replica.

        Raises
        ------
        ReplicaDigestMismatch
            ``content`` has other digests or another size; nothing is readable under the key, if
            nothing was before.
        ReplicaConflict
            The key holds other bytes.
        Exception
            Whatever ``content.read`` raises comes through as it is.
        """

    def begin_parts(self, key: str, *, content_type: str, parts_md5: str) -> str:
        """Begin a replica in parts, or find the one that was begun.

        Nothing is readable before ``complete_parts``. Harmless to repeat, after a crash too.

        Parameters
        ----------
        key
            Where to keep it.
        content_type
            As for ``put``.
        parts_md5
            Hexadecimal MD5 of the parts' binary MD5s one after another.

        Returns
        -------
        str
            A handle for the calls that follow; may be empty.
        """

    def put_part(self, key: str, upload: str, number: int, content: Content, *, size: int) -> Part:
        """Store a part; again, in place of the one that is there.

        Not made again when the connection breaks: the content is gone. Other parts may be on their
        way at the same time.

        Parameters
        ----------
        key
            As ``begin_parts`` was told.
        upload
            What ``begin_parts`` returned.
        number
            1 to 10,000.
        content
            Read from where it stands, in pieces, with bounded memory; need not be able to seek.
        size
            Bytes of it, at least one; not more, not fewer. Every service takes parts of 5 MiB to
            5 GiB, and a last one that is smaller.

        Raises
        ------
        ReplicaDigestMismatch
            ``content`` has another size, and the part is what it was before; or the service stored
            other bytes.
        BackendUnavailable
            Also if what ``begin_parts`` has begun is no more: begin again.
        Exception
            Whatever ``content.read`` raises comes through as it is.
        """

    def list_parts(self, key: str, upload: str) -> builtins.list[Part]:
        """Return the parts that are there, in order; none if what was begun is no more.

        A service may show a part that was just stored a moment later. What ``put_part`` returned
        is there.
        """

    def complete_parts(
        self,
        key: str,
        upload: str,
        parts: Sequence[Part],
        *,
        content_type: str,
        parts_md5: str,
    ) -> ReplicaStat:
        """Make the replica of its parts; it is readable whole from then on.

        Keys are written once. Completing the same again succeeds and changes nothing, also when
        it was done by a call whose reply was lost.

        Parameters
        ----------
        key, upload
            As for ``put_part``.
        parts
            All of them, in order, as ``put_part`` or ``list_parts`` returned them.
        content_type, parts_md5
            As ``begin_parts`` was told.

        Raises
        ------
        ReplicaDigestMismatch
            The parts are not those that ``parts_md5`` stands for, or not those that the service
            holds; nothing is readable, if nothing was before.
        ReplicaConflict
            The key holds another replica: one of another size or of other parts.
        BackendUnavailable
            Also if what ``begin_parts`` has begun is no more, and no replica is there.
        """

    def discard_parts(self, key: str) -> None:
        """Remove what was begun under the key, and what a replica that was deleted has left.

        A replica that is there stays whole: ``delete`` it first. Harmless to repeat, and to be
        repeated when it could not remove everything.
        """

    def get(self, key: str, *, first: int | None = None, last: int | None = None) -> ReplicaReader:
        """Read a replica, or its bytes ``first`` to ``last``, both included.

        Parameters
        ----------
        key
            Of the replica.
        first
            None is 0.
        last
            None, or beyond the end, is the last byte.

        Raises
        ------
        ReplicaNotFound
        RangeNotSatisfiable
        """

    def stat(self, key: str) -> ReplicaStat:
        """Ask about a replica.

        Raises
        ------
        ReplicaNotFound
        """

    def delete(self, key: str) -> None:
        """Remove a replica. That there is none is no error.

        Of one in parts, the parts may be left, for ``discard_parts``.
        """

    def signed_url(
        self,
        key: str,
        *,
        expires_in: int,
        content_type: str | None = None,
        filename: str | None = None,
    ) -> str:
        """Return a URL by which anybody can GET this one replica. It need not exist.

        Parameters
        ----------
        key
            Of the replica.
        expires_in
            Seconds, 1 to 604,800. With temporary credentials it may end earlier, with them.
        content_type
            What the reply shall say, where the service can (S3); else it says what was put.
        filename
            Any text; makes the reply an attachment of that name, else it is inline.
        """

    def list(self, prefix: str = "", marker: str = "", limit: int = LIST_LIMIT) -> ReplicaPage:
        """Return a page of the replicas whose keys begin with ``prefix``, after ``marker``.

        Parameters
        ----------
        prefix
            ASCII; empty for all.
        marker
            The page begins with the first key greater than it.
        limit
            Most replicas in the page, 1 to 1,000. There may be fewer although more follow.
        """
