"""Files of the journal: their keys on a backend, and their bytes.

``rescue/src/mcos_rescue/README.txt`` has the format, for whoever finds it.
"""

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from secrets import token_hex

from mcos.catalog.journaled import Entry
from mcos.model.clusters import Deployment
from mcos.replicas.sealing import SUFFIX, is_sealing, seal

ACCOUNT = "~catalog"
"""First segment of every key: no account has this name."""

FOLDER = f"{ACCOUNT}/1/"
SEGMENT_BYTES = 128 * 1024
"""Most bytes of a segment, so that a message can carry it."""

_FORMAT = 1


def log_folder(deployment: str) -> str:
    """Return what the keys of a deployment's segments begin with; the time in ULIDs follows."""
    return f"{FOLDER}{deployment}/log/"


def segment_key(deployment: str, name: str) -> str:
    """Return the key of the segment that was written at the time in a ULID."""
    return f"{log_folder(deployment)}{name}{_suffix()}"


def snapshot_folder(deployment: str) -> str:
    """Return what the keys of a deployment's snapshots begin with; their ULIDs follow."""
    return f"{FOLDER}{deployment}/snapshot/"


def part_key(deployment: str, snapshot: str, table: str, number: int) -> str:
    """Return the key of a part of a snapshot: a new one each time, as a key is written once."""
    part = f"{table}-{number:04}-{token_hex(4)}"
    return f"{snapshot_folder(deployment)}{snapshot}/{part}{_suffix()}"


def complete_key(deployment: str, snapshot: str) -> str:
    """Return the key of the file that is written last and makes a snapshot complete."""
    return f"{snapshot_folder(deployment)}{snapshot}/complete.json"


def segments(
    entries: Sequence[Entry], deployment: Deployment, *, written_at: str
) -> Iterator[bytes]:
    """Yield the bytes of as few segments as entries fit into; an entry is never cut."""
    packed = pack(entries, deployment, kind="log", written_at=written_at)
    if len(packed) <= SEGMENT_BYTES or len(entries) < 2:
        yield packed
        return
    middle = len(entries) // 2
    yield from segments(entries[:middle], deployment, written_at=written_at)
    yield from segments(entries[middle:], deployment, written_at=written_at)


def pack(entries: Iterable[Entry], deployment: Deployment, *, kind: str, written_at: str) -> bytes:
    """Return the bytes of a segment (``log``) or of a part of a snapshot (``snapshot``).

    They are encrypted if the operator has given a public key.
    """
    head = {
        "format": _FORMAT,
        "deployment": deployment.id,
        "generation": deployment.generation,
        "kind": kind,
        "written_at": written_at,
    }
    lines = [_line(head), *(_line(entry.as_json()) for entry in entries)]
    text = b"".join(lines)
    return seal(gzip.compress(text + _line({"sha256": sha256(text).hexdigest()}), mtime=0))


def _suffix() -> str:
    return f".jsonl.gz{SUFFIX}" if is_sealing() else ".jsonl.gz"


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
