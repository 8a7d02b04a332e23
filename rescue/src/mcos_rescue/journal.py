"""Segments of the journal and parts of its snapshots: their keys, and what is in them.

``README.txt``, which lies beside them on every backend, describes the format.
"""

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from hashlib import sha256
from io import BytesIO
from typing import Any, BinaryIO

from mcos_rescue.encryption import NO_KEYS, Keys, seal
from mcos_rescue.entries import Entry, entry_of
from mcos_rescue.errors import Damaged
from mcos_rescue.ulids import is_ulid

FORMAT = 1
CATALOG = f"~catalog/{FORMAT}/"
MARKER = "~health/marker"
GENERATIONS = "~health/generation/"
"""Of keys ``<generation>-<deployment>``: the generations that a backend has seen."""

COMPLETE = "complete.json"
SEALED = ".age"
_SUFFIX = ".jsonl.gz"
_LONGEST_LINE = 16 * 1024 * 1024  # many times a record; a longer one is no line of a journal


@dataclass(frozen=True)
class Header:
    """The first line of a segment or part.

    Attributes
    ----------
    kind
        ``log`` or ``snapshot``.
    written_at
        RFC 3339.
    """

    deployment: str
    generation: int
    kind: str
    written_at: str


def log_prefix(deployment: str) -> str:
    """Return the beginning of the keys of a deployment's segments."""
    return f"{CATALOG}{deployment}/log/"


def log_key(deployment: str, ulid: str, *, sealed: bool = False) -> str:
    """Return the key of a segment."""
    return f"{log_prefix(deployment)}{ulid}{_SUFFIX}{SEALED if sealed else ''}"


def snapshot_prefix(deployment: str, ulid: str) -> str:
    """Return the beginning of the keys of a snapshot."""
    return f"{CATALOG}{deployment}/snapshot/{ulid}/"


def part_key(deployment: str, ulid: str, table: str, number: int, *, sealed: bool = False) -> str:
    """Return the key of a part of a snapshot."""
    name = f"{table}-{number:04}{_SUFFIX}{SEALED if sealed else ''}"
    return snapshot_prefix(deployment, ulid) + name


@dataclass(frozen=True)
class Place:
    """What a key of the journal says: a segment, or something of a snapshot."""

    deployment: str
    kind: str
    ulid: str
    name: str


def place_of_key(key: str) -> Place | None:
    """Return what a key says; None if it is not one of the journal."""
    deployment, _, rest = key.removeprefix(CATALOG).partition("/")
    kind, _, rest = rest.partition("/")
    if not key.startswith(CATALOG) or not is_ulid(deployment):
        return None
    if kind == "log":
        ulid, name = rest.partition(".")[0], rest
    else:
        ulid, _, name = rest.partition("/")
    if kind not in ("log", "snapshot") or not is_ulid(ulid) or not name or "/" in name:
        return None
    if kind == "log" and name.removesuffix(SEALED) != ulid + _SUFFIX:
        return None
    return Place(deployment, kind, ulid, name)


def write(header: Header, entries: Iterable[Entry], *, recipient: str | None = None) -> bytes:
    """Return a segment or a part, sealed if a recipient is given."""
    digest, plain = sha256(), BytesIO()
    with gzip.GzipFile(fileobj=plain, mode="wb", mtime=0) as packed:
        for line in (_line({"format": FORMAT, **asdict(header)}), *(e.line() for e in entries)):
            digest.update(line)
            packed.write(line)
        packed.write(_line({"sha256": digest.hexdigest()}))
    data = plain.getvalue()
    return data if recipient is None else seal(data, recipient)


def open_sealed(key: str, data: bytes, keys: Keys = NO_KEYS) -> bytes:
    """Return the gzip of a segment or part, decrypted if its key says that it is sealed.

    Raises
    ------
    Damaged, Sealed
    """
    return keys.open(data) if key.endswith(SEALED) else data


class Reading:
    """Reads a segment or part line by line, in bounded memory.

    Parameters
    ----------
    data
        The gzip, or an open file.
    is_packed
        False: it is the lines themselves.

    Attributes
    ----------
    header
        Known as soon as the reading is made.

    Raises
    ------
    Damaged
    """

    def __init__(self, data: bytes | BinaryIO, *, is_packed: bool = True) -> None:
        self._digest = sha256()
        self._lines = _lines(BytesIO(data) if isinstance(data, bytes) else data, is_packed)
        first = next(self._lines, b"")
        self._digest.update(first)
        self.header = _header(first)

    def entries(self) -> Iterator[Entry]:
        """Yield the entries, once. Only when it ends without an exception are they to be trusted.

        Raises
        ------
        Damaged
        """
        before: bytes | None = None
        for line in self._lines:
            if before is not None:
                self._digest.update(before)
                yield entry_of(before)
            before = line
        if _claimed(before) != self._digest.hexdigest():
            raise Damaged("its digest differs from its lines, or it was cut short")


def read(data: bytes) -> tuple[Header, list[Entry]]:
    """Return header and entries of a segment.

    Raises
    ------
    Damaged
    """
    reading = Reading(data)
    return reading.header, list(reading.entries())


@dataclass(frozen=True)
class Part:
    """A part of a snapshot, as ``complete.json`` names it; ``sha256`` and ``size`` as stored."""

    key: str
    table: str
    records: int
    sha256: str
    size: int


@dataclass(frozen=True)
class Complete:
    """A snapshot's last file; without it there is no snapshot. Times are RFC 3339."""

    deployment: str
    generation: int
    begun_at: str
    completed_at: str
    parts: tuple[Part, ...]
    counts: dict[str, int]

    def as_bytes(self) -> bytes:
        return _line({"format": FORMAT, **asdict(self)})

    @classmethod
    def of(cls, data: bytes) -> "Complete":
        """Read it.

        Raises
        ------
        Damaged
        """
        try:
            found: dict[str, Any] = json.loads(data)
            if found["format"] != FORMAT:
                raise Damaged(f"it has format {found['format']!r}; {FORMAT} is known here")
            parts = tuple(
                Part(str(p["key"]), str(p["table"]), int(p["records"]), p["sha256"], int(p["size"]))
                for p in found["parts"]
            )
            return cls(
                str(found["deployment"]),
                int(found["generation"]),
                str(found["begun_at"]),
                str(found["completed_at"]),
                parts,
                {str(table): int(count) for table, count in found["counts"].items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise Damaged("its complete.json is malformed") from None


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _lines(file: BinaryIO, is_packed: bool) -> Iterator[bytes]:
    try:
        with closing(gzip.GzipFile(fileobj=file) if is_packed else file) as unpacked:
            while line := unpacked.readline(_LONGEST_LINE):
                if not line.endswith(b"\n"):
                    raise Damaged("it has a line without an end")
                yield line
    except (OSError, EOFError, zlib.error):
        raise Damaged("it is not a whole gzip file") from None


def _header(line: bytes) -> Header:
    try:
        found: dict[str, Any] = json.loads(line)
        if found["format"] != FORMAT:
            raise Damaged(f"it has format {found['format']!r}; {FORMAT} is known here")
        return Header(
            str(found["deployment"]),
            int(found["generation"]),
            str(found["kind"]),
            str(found["written_at"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Damaged("its first line is malformed") from None


def _claimed(line: bytes | None) -> str | None:
    """Return the digest that the last line claims."""
    try:
        found = json.loads(line or b"")
    except (ValueError, RecursionError):
        return None
    claimed = found.get("sha256") if isinstance(found, dict) else None
    return claimed if isinstance(claimed, str) else None
