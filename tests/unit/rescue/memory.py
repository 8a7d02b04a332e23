"""A backend in memory, with objects and their journal."""

from base64 import b64encode
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import md5, sha256
from io import BytesIO
from types import TracebackType
from typing import Any

from mcos_rescue import identity, journal
from mcos_rescue.entries import Entry, canonical
from mcos_rescue.errors import NotThere, Unavailable
from mcos_rescue.journal import Complete, Header, Part
from mcos_rescue.stores.contract import Listed
from mcos_rescue.ulids import first_at

BEGINNING = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
CLUSTERS = ("ceph", "s3", "swift")


def ulid(number: int) -> str:
    """The ULID of a number: as many seconds after the beginning."""
    return first_at(BEGINNING + timedelta(seconds=number))


DEPLOYMENT = ulid(-1000)
OTHER = ulid(-900)


@dataclass
class Kept:
    """What is under a key."""

    content: bytes
    modified: datetime
    headers: dict[str, str]


class Memory:
    """A store whose pages are short, and whose connections break as often as it is told.

    Attributes
    ----------
    asked
        Keys that were opened, in order.
    breaks
        Number of bytes after which the next readings break, one after another.
    page_size
        Number of keys in a page.
    """

    kind = "s3"

    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}
        self.asked: list[str] = []
        self.breaks: list[int] = []
        self.page_size = 7

    def put(
        self, key: str, content: bytes, *, at: int = 0, headers: Mapping[str, str] | None = None
    ) -> None:
        """Keep something, as if it had been written so many seconds after the beginning."""
        tag = md5(content, usedforsecurity=False).hexdigest()
        told = {"etag": f'"{tag}"', "content-type": "text/plain", **(headers or {})}
        self.kept[key] = Kept(content, BEGINNING + timedelta(seconds=at), told)

    def page(self, prefix: str, after: str) -> list[Listed]:
        keys = sorted(self.kept)
        found = [key for key in keys[bisect_right(keys, after) :] if key.startswith(prefix)]
        found = found[: self.page_size]
        return [Listed(key, len(self.kept[key].content), self.kept[key].modified) for key in found]

    def open(self, key: str, first: int = 0) -> "Opened":
        self.asked.append(key)
        if key not in self.kept:
            raise NotThere(f"{key} is not there")
        found = self.kept[key]
        return Opened(
            found.headers, found.content[first:], self.breaks.pop(0) if self.breaks else None
        )


class Opened:
    """Content that is read, until the connection breaks."""

    def __init__(self, headers: Mapping[str, str], content: bytes, breaks_after: int | None):
        self.headers = headers
        self._stream = BytesIO(content if breaks_after is None else content[:breaks_after])
        self._breaks = breaks_after is not None

    def read(self, size: int) -> bytes:
        piece = self._stream.read(size)
        if not piece and self._breaks:
            raise Unavailable("the connection broke")
        return piece

    def __enter__(self) -> "Opened":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


@dataclass
class Deployment:
    """Objects on clusters, of which one's backend is ``memory``, and the journal of all.

    Attributes
    ----------
    own
        The cluster.
    entries
        What the journal will have.
    """

    memory: Memory = field(default_factory=Memory)
    id: str = DEPLOYMENT
    own: str = "s3"
    generation: int = 1
    recipient: str | None = None
    entries: list[Entry] = field(default_factory=list)
    numbers: int = 0

    def mark(self) -> None:
        """Leave the marker."""
        marker = {"cluster": self.own, "deployment": self.id, "generation": self.generation}
        self.memory.put(journal.MARKER, canonical(marker).encode())

    def version(
        self,
        content: bytes,
        *,
        account: str = "ada",
        stored: Iterable[str] = CLUSTERS,
        lies: bool | None = None,
        at: int = 0,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """A version's document; its copy lies on the backend if the cluster has it stored."""
        self.numbers += 1
        number, held = self.numbers, set(stored)
        replicas = {
            name: {"backend": name, "incarnation": f"{name}{number:08}", "stored": name in held}
            for name in CLUSTERS
        }
        made = {
            "id": ulid(number),
            "size": len(content),
            "md5": md5(content, usedforsecurity=False).hexdigest(),
            "sha256": b64encode(sha256(content).digest()).decode(),
            "content_type": "text/plain",
            "metadata": {"colour": "blue"},
            "created_at": "2026-11-22T10:00:00.000Z",
            "mode": "respond-async",
            "staged": None,
            "storage_policy": "default",
            "readable_from": 2,
            "replicas": replicas,
            "digested": True,
        }
        if self.own in held if lies is None else lies:
            self.memory.put(self.key(account, made), content, at=at, headers=headers)
        return made

    def key(self, account: str, version: Mapping[str, Any]) -> str:
        """The key of a version's copy here."""
        return f"{account}/{version['id']}/{version['replicas'][self.own]['incarnation']}"

    def identity(self, container: str, name: str) -> dict[str, str]:
        """The headers of a copy of an object."""
        text = identity.encode(self.id, "ada", container, name, "t", recipient=self.recipient)
        pieces = [text[first : first + 900] for first in range(0, len(text), 900)]
        return {f"x-amz-meta-mcos-id-{number}": piece for number, piece in enumerate(pieces)}

    def object(
        self,
        name: str,
        current: Mapping[str, Any] | None,
        *,
        account: str = "ada",
        container: str = "photos",
        **fields: Any,
    ) -> Entry:
        """Journal an object's record."""
        self.numbers += 1
        record = {
            "account": account,
            "container": container,
            "name": name,
            "state": "CREATED",
            "sweeper": "s3",
            "created_at": "2026-11-22T10:00:00.000Z",
            "last_modified": "2026-11-22T10:00:00.000Z",
            "revision": ulid(self.numbers),
            "current": current,
            "previous": None,
            "pending": [],
            "removals": [],
            "unstagings": [],
            "last": None,
            "reason": None,
            "sweeps": 0,
            "schema": 2,
            **fields,
        }
        entry = Entry(
            "objects",
            (account, container, name),
            ulid(self.numbers),
            None,
            "2026-11-22T10:00:00Z",
            canonical(record),
        )
        self.entries.append(entry)
        return entry

    def store(self, name: str, content: bytes, **more: Any) -> None:
        """Store an object on all clusters, and journal it."""
        account = more.get("account", "ada")
        self.object(name, self.version(content, account=account), **more)

    def container(self, name: str = "photos", account: str = "ada") -> None:
        """Journal a container."""
        record = {
            "account": account,
            "name": name,
            "created_at": "2026-11-22T09:00:00.000Z",
            "storage_policy": "default",
        }
        at = "2026-11-22T09:00:00Z"
        self.entries.append(Entry("containers", (account, name), "", None, at, canonical(record)))

    def header(self, kind: str = "log") -> Header:
        return Header(self.id, self.generation, kind, "2026-11-22T10:00:00.000Z")

    def write_segment(self, number: int, entries: Iterable[Entry] | None = None) -> str:
        """Write a segment, so many seconds after the beginning, and forget its entries; its key."""
        data = journal.write(
            self.header(),
            self.entries if entries is None else entries,
            recipient=self.recipient,
        )
        key = journal.log_key(self.id, ulid(number), sealed=self.recipient is not None)
        self.memory.put(key, data, at=number)
        if entries is None:
            self.entries = []
        return key

    def write_snapshot(self, number: int, entries: Iterable[Entry]) -> list[str]:
        """Write a snapshot of these entries' records, one part a table; the keys of its parts."""
        parts: list[Part] = []
        shown = [
            Entry(one.table, one.key, one.revision, None, None, one.record)
            for one in entries
            if one.record is not None
        ]
        for table in sorted({one.table for one in shown}):
            own = [one for one in shown if one.table == table]
            sealed = self.recipient is not None
            data = journal.write(self.header("snapshot"), own, recipient=self.recipient)
            key = journal.part_key(self.id, ulid(number), table, 0, sealed=sealed)
            self.memory.put(key, data, at=number)
            parts.append(Part(key, table, len(own), sha256(data).hexdigest(), len(data)))
        begun = (BEGINNING + timedelta(seconds=number)).isoformat()
        counts = {part.table: part.records for part in parts}
        complete = Complete(self.id, self.generation, begun, begun, tuple(parts), counts)
        last = journal.snapshot_prefix(self.id, ulid(number)) + journal.COMPLETE
        self.memory.put(last, complete.as_bytes(), at=number)
        return [part.key for part in parts]
