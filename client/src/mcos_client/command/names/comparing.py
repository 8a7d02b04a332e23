"""Whether a file and an object are the same, without moving either.

By default: same size, and the same time of the last change, which ``sync`` keeps as the object's
metadata ``mtime`` (one without it has the time at which it was stored). Where only the times
differ the SHA-256s decide, so what was stored otherwise is not stored again. A listing tells all
that it takes.
"""

import os
import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from mcos_client import ListedObject, ObjectStat
from mcos_client.transfer.source import PIECE

MTIME = "mtime"
"""Metadata: seconds since 1970 with nine decimals, as rclone has it."""

TOLERANCE_NS = 1_000_000
"""Times that differ by less are the same: not every file system keeps nanoseconds."""

_SECONDS = re.compile(r"(-?)(\d{1,11})(?:\.(\d{1,9}))?")


@dataclass(frozen=True)
class Comparing:
    """How to compare; ``checksum``: sizes and SHA-256s, whatever the times are."""

    checksum: bool

    @property
    def by(self) -> str:
        """What is compared, for people."""
        return "size and SHA-256" if self.checksum else "size and time"

    def difference(self, file: Path, listed: ListedObject) -> str | None:
        """Name the difference; None if they are the same.

        Raises
        ------
        OSError
        """
        if listed.state == "FAILED":
            return "failed"
        found = file.stat()
        if found.st_size != listed.size:
            return "size"
        if not self.checksum and abs(mtime_of(listed) - found.st_mtime_ns) < TOLERANCE_NS:
            return None
        return None if _sha256_of(file) == listed.sha256 else "content"


def mtime_metadata(file: Path) -> dict[str, str]:
    """Make the metadata that tell when a file was changed last."""
    nanoseconds = file.stat().st_mtime_ns
    sign, value = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    return {MTIME: f"{sign}{value // 10**9}.{value % 10**9:09d}"}


def mtime_of(one: ObjectStat | ListedObject) -> int:
    """Read when the content of an object was changed last: nanoseconds since 1970."""
    mtime = one.mtime if isinstance(one, ListedObject) else one.metadata.get(MTIME)
    return _nanoseconds(mtime, one.last_modified)


def _nanoseconds(mtime: str | None, last_modified: datetime) -> int:
    matched = _SECONDS.fullmatch(mtime or "")
    if matched is None:
        return int(last_modified.timestamp() * 1000) * 1_000_000
    sign, seconds, decimals = matched.groups()
    value = int(seconds) * 10**9 + int((decimals or "0").ljust(9, "0"))
    return -value if sign else value


def set_mtime(file: Path, one: ObjectStat | ListedObject) -> None:
    """Give a file the time of the object that it came from, if it has another one."""
    found = file.stat()
    if abs(mtime_of(one) - found.st_mtime_ns) >= TOLERANCE_NS:
        os.utime(file, ns=(found.st_atime_ns, mtime_of(one)))


def _sha256_of(file: Path) -> str:
    digest = sha256()
    with file.open("rb") as opened:
        while piece := opened.read(PIECE):
            digest.update(piece)
    return b64encode(digest.digest()).decode("ascii")
