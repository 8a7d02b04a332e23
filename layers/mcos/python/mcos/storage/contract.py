"""The contract of all storage backends: calls, results and errors.

Positions are counted from 0, sizes are bytes, times are seconds or aware datetimes in UTC. An MD5
is 32 lower-case hexadecimal digits; a SHA-256 is base64 (44 characters), as in RFC 9530.
"""

import builtins
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

KEY_BYTES = 200
"""Longest key. Every service accepts it, even a Ceph OSD with a lowered name limit."""

LIST_LIMIT = 1000
"""Most replicas in a page of ``list``: the limit of S3."""

SIGNED_URL_SECONDS = 7 * 24 * 3600
"""Longest life of a signed URL: the limit of S3 signatures (version 4)."""

PARTS_LIMIT = 10_000
"""Most parts of a replica: the limit of S3."""

IDENTITY_CHARACTERS = 1800
"""Longest identity of a replica: S3 allows 2 KB of metadata in all."""

_SEGMENT = r"[A-Za-z0-9._~@+=,-]+"
_KEY = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")


def check_key(key: str) -> str:
    """Return ``key`` if every backend can hold it.

    A key has 1 to 200 characters of ASCII letters, digits and ``. _ ~ @ + = , -``, in segments
    separated by single slashes. ``.`` and ``..`` are not allowed as segments: HTTP clients fold
    them, and the request would go to another key, or out of the container. ``~parts`` is not
    allowed as the first segment: backends may keep the parts of replicas there.

    Raises
    ------
    ValueError
    """
    if not _KEY.fullmatch(key) or len(key) > KEY_BYTES:
        raise ValueError(
            f"a replica key must have 1 to {KEY_BYTES} characters of A-Z a-z 0-9 . _ ~ @ + = , - "
            f"in segments: {key!r}"
        )
    if not {".", ".."}.isdisjoint(key.split("/")):
        raise ValueError(f"a replica key must not have '.' or '..' as segments: {key!r}")
    if key.startswith("~parts/"):
        raise ValueError(f"a replica key must not begin with '~parts/': {key!r}")
    return key


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a backend may be silent.

    Attributes
    ----------
    connect_seconds
        To open a connection (for each address of its host), and to accept up to 1 MiB of content.
    read_seconds
        To begin its reply, and between two pieces of a reply.
    """

    connect_seconds: float = 2.0
    read_seconds: float = 8.0

    @property
    def worst_case_seconds(self) -> float:
        """Longest time until a call fails on a service that refuses, resets or hangs.

        A request is repeated once at most, and only if it failed within ``connect_seconds``. So
        this is twice ``connect_seconds`` plus ``read_seconds``: 12 s by default. EXTENDING.md
        says how much longer a call can take on a service that answers slowly or hangs midway.
        """
        return 2 * self.connect_seconds + self.read_seconds


@dataclass(frozen=True, slots=True)
class Finding:
    """What a bucket or container has against it.

    Attributes
    ----------
    text
        For the operator: what it is, and what to do. No secret is in it.
    prevents
        Whether no replica may be placed there; else it costs something.
    """

    text: str
    prevents: bool = False


@dataclass(frozen=True, slots=True)
class ReplicaStat:
    """A replica as its service describes it.

    Attributes
    ----------
    key
        Key of the replica.
    size
        Bytes of the whole replica, even if only a range was asked for.
    md5
        Hexadecimal MD5 of the whole replica, as the service computed it; if ``in_parts``, a tag.
    content_type
        As it was put. In a listing, as the service returns it: None (S3), or that with which it
        is served, without insignificant spaces (Swift).
    stored_at
        By the service's clock, to the second. From ``put``, the time of its reply, which may be a
        moment later than the time in ``stat``.
    in_parts
        Whether it was written in parts. Then ``md5`` is not the MD5 of its bytes but the service's
        tag, made from the digests of the parts: opaque, and constant while the replica exists.
    parts_md5
        The ``parts_md5`` given to ``begin_parts``, which the service keeps; None in listings.
    identity
        The ``identity`` with which it was written; None if there was none, and in listings.
    """

    key: str
    size: int
    md5: str
    content_type: str | None
    stored_at: datetime
    in_parts: bool = False
    parts_md5: str | None = None
    identity: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a replica, as its service stores it.

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
        In the order of the bytes of their keys.
    next_marker
        The ``marker`` of the next page; None if this is the last page, which may be empty.
    """

    replicas: tuple[ReplicaStat, ...]
    next_marker: str | None


@dataclass(frozen=True, slots=True)
class BegunParts:
    """Parts under a key that belong to no replica.

    Attributes
    ----------
    stored_at
        By the service's clock: when the write of the parts was begun, or when one of them was
        stored.
    """

    key: str
    stored_at: datetime


@dataclass(frozen=True, slots=True)
class BegunPage:
    """One page of a listing of parts.

    Attributes
    ----------
    begun
        A key may be in several pages, and several times in one.
    next_marker
        The ``marker`` of the next page (opaque); None if this is the last page, which may be empty.
    """

    begun: tuple[BegunParts, ...]
    next_marker: str | None


class ByteStream(Protocol):
    """Any binary file or stream that ``put`` can read. One that can seek may be sent twice."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes; empty at the end."""


class ReplicaReader(Protocol):
    """A replica, or a range of it, while it is read. A context manager; iterate it or ``read``.

    It returns the bytes of the service or raises: a reply that ends early raises
    ``BackendUnavailable``; reading a whole replica whose MD5 is not ``stat.md5`` raises
    ``ReplicaDigestMismatch`` instead of returning the last piece. A replica in parts has no MD5 to
    compare, so its reader must verify it by other digests.
    """

    @property
    def stat(self) -> ReplicaStat:
        """Description of the whole replica; ``stat.size`` is not the length of a range."""

    @property
    def length(self) -> int:
        """Number of bytes that this reader returns in all."""

    def read(self, size: int = -1) -> bytes:
        """Return the next ``size`` bytes, fewer only at the end; -1: the rest."""

    def __iter__(self) -> Iterator[bytes]:
        """Yield the rest in pieces of at most 256 KiB."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Release the connection, even if not all was read."""

    def close(self) -> None:
        """Release the connection, even if not all was read."""


class StorageError(Exception):
    """Base of a backend's exceptions.

    The message names the backend's kind, the call, the key, and the service's status and error
    code. It never contains a secret, a token, a signed URL or the service's text, which may
    contain them.
    """


class ReplicaNotFound(StorageError):
    """There is no replica under the key. (``stat`` cannot tell this from a missing bucket.)"""


class ReplicaDigestMismatch(StorageError):
    """The bytes do not have the given digests or size."""


class ReplicaConflict(StorageError):
    """The key has a replica with another digest, which was not changed."""


class RangeNotSatisfiable(StorageError):
    """The range begins after the replica's last byte. An empty replica has no ranges."""


class BackendUnavailable(StorageError):
    """The service refused or reset the connection, hung, was too slow, or answered 5xx, 408 or 429.

    A ``put`` or ``delete`` may have taken effect; both may be repeated.
    """


class BackendRefused(StorageError):
    """The service refused the credentials, the permission or the request, and will do so again."""


class CredentialsRefused(BackendRefused):
    """The service answered 401, after a renewed token too, or 403: the credentials may be old."""


class BackendMisconfigured(StorageError):
    """The backend cannot be opened: its kind is unknown, a setting wrong, or a layer missing."""


class StorageBackend(Protocol):
    """One bucket or container of one storage service, with replicas under keys.

    A backend may be used from several threads at once. Opening one makes no network call. In
    addition to the exceptions listed at each call, every call raises ``BackendUnavailable``,
    ``BackendRefused``, and ``ValueError`` for an argument that no backend accepts (see
    ``check_key``).
    """

    @property
    def kind(self) -> str:
        """Name of this kind of backend, one of ``mcos.storage.BACKEND_KINDS``."""

    def put(
        self,
        key: str,
        content: ByteStream,
        *,
        size: int,
        md5: str,
        sha256: str,
        content_type: str,
        identity: str = "",
    ) -> ReplicaStat:
        """Store a replica; it is readable as a whole, or not at all.

        A key is written once. Putting the same bytes again succeeds and changes nothing; then
        ``content`` need not be read.

        Parameters
        ----------
        key
            Key of the replica.
        content
            Read from its current position; more than 1 MiB is read in pieces, with bounded memory.
            It is not closed; if it can seek, its final position is undefined.
        size
            Exact number of bytes that ``content`` has from its current position.
        md5, sha256
            Digests of these bytes: hexadecimal and base64. Both are computed before the last piece
            is sent; the service verifies the MD5 as well.
        content_type
            Printable ASCII, kept with the replica.
        identity
            What the replica is, for whoever finds it: at most 1,800 characters of A-Z a-z 0-9
            ``. _ -``, kept with the replica as they are. It is not compared if the key exists.

        Raises
        ------
        ReplicaDigestMismatch
            ``content`` has other digests or another size; nothing was stored.
        ReplicaConflict
            The key has other bytes.
        Exception
            Exceptions of ``content.read`` are passed on unchanged.
        """

    def begin_parts(
        self, key: str, *, content_type: str, parts_md5: str, identity: str = ""
    ) -> str:
        """Begin a replica in parts, or continue the one that was begun.

        Nothing is readable before ``complete_parts``. Harmless to repeat, even after a crash.

        Parameters
        ----------
        key
            Key of the replica.
        content_type, identity
            As for ``put``.
        parts_md5
            Hexadecimal MD5 of the concatenated binary MD5s of the parts.

        Returns
        -------
        str
            A handle for the following calls; may be empty.
        """

    def put_part(
        self, key: str, upload: str, number: int, content: ByteStream, *, size: int
    ) -> Part:
        """Store a part; it replaces an earlier part with the same number.

        The request is not repeated if the connection breaks, because the content cannot be read
        again. Several parts may be stored at the same time.

        Parameters
        ----------
        key
            The key given to ``begin_parts``.
        upload
            The handle that ``begin_parts`` returned.
        number
            1 to 10,000.
        content
            Read from its current position, in pieces, with bounded memory; need not seek.
        size
            Exact number of bytes, at least one. Every service accepts parts of 5 MiB to 5 GiB, and
            a smaller last one.

        Raises
        ------
        ReplicaDigestMismatch
            ``content`` has another size, and the part was not changed; or the service stored other
            bytes.
        BackendUnavailable
            Also if the handle is no longer valid: begin again.
        Exception
            Exceptions of ``content.read`` are passed on unchanged.
        """

    def list_parts(self, key: str, upload: str) -> builtins.list[Part]:
        """Return the stored parts in order; none if the handle is no longer valid.

        A service may list a new part with a delay. Parts that ``put_part`` returned are stored.
        """

    def complete_parts(
        self,
        key: str,
        upload: str,
        parts: Sequence[Part],
        *,
        content_type: str,
        parts_md5: str,
        identity: str = "",
    ) -> ReplicaStat:
        """Join the parts; from then on the whole replica is readable.

        A key is written once. Completing the same replica again succeeds and changes nothing, also
        after a call whose reply was lost.

        Parameters
        ----------
        key, upload
            As for ``put_part``.
        parts
            All parts in order, as ``put_part`` or ``list_parts`` returned them.
        content_type, parts_md5, identity
            As given to ``begin_parts``.

        Raises
        ------
        ReplicaDigestMismatch
            The parts do not agree with ``parts_md5``, or not with those of the service; nothing
            was stored.
        ReplicaConflict
            The key has a replica of another size or of other parts.
        BackendUnavailable
            Also if the handle is no longer valid and there is no replica.
        """

    def discard_parts(self, key: str) -> None:
        """Remove parts under the key that belong to no replica: begun, or left by ``delete``.

        An existing replica keeps its parts: ``delete`` it first. Harmless to repeat; repeat it if
        it failed.
        """

    def list_begun_parts(self, marker: str = "") -> BegunPage:
        """Return a page of what ``discard_parts`` would remove, for all keys.

        Parameters
        ----------
        marker
            The ``next_marker`` of the page before; empty: the first page.
        """

    def get(self, key: str, *, first: int | None = None, last: int | None = None) -> ReplicaReader:
        """Read a replica, or its bytes ``first`` to ``last``, inclusive.

        Parameters
        ----------
        key
            Key of the replica.
        first
            None: 0.
        last
            None, or a position after the end: the last byte.

        Raises
        ------
        ReplicaNotFound
        RangeNotSatisfiable
        """

    def stat(self, key: str) -> ReplicaStat:
        """Describe a replica.

        Raises
        ------
        ReplicaNotFound
        """

    def delete(self, key: str) -> None:
        """Remove a replica if there is one.

        The parts of a replica in parts may stay; ``discard_parts`` removes them.
        """

    def signed_url(
        self,
        key: str,
        *,
        expires_in: int,
        content_type: str | None = None,
        filename: str | None = None,
    ) -> str:
        """Return a URL that lets anyone GET this one replica, which need not exist.

        Parameters
        ----------
        key
            Key of the replica.
        expires_in
            Seconds, 1 to 604,800. With temporary credentials the URL ends with them at the latest.
        content_type
            Content type of the reply, if the service supports it (S3); else it is that of ``put``.
        filename
            Makes the reply an attachment with that file name; None: inline.
        """

    def list(self, prefix: str = "", marker: str = "", limit: int = LIST_LIMIT) -> ReplicaPage:
        """Return a page of the replicas whose keys begin with ``prefix`` and follow ``marker``.

        Parameters
        ----------
        prefix
            Printable ASCII; empty: all keys.
        marker
            The page begins with the first greater key.
        limit
            Most replicas in the page, 1 to 1,000. A page may have fewer although more follow.
        """

    def examine(self) -> builtins.list[Finding]:
        """Look at the settings of the bucket or container; nothing is written.

        What the service does not say, or may not be asked, is not judged; the latter is said.
        """
