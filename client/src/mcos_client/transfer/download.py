"""Downloading into files that are whole or not there, in several ranges at once.

Large content goes into ``FILE.mcos-part`` beside FILE; ``FILE.mcos-part.json`` tells which version
it is of and which of its ranges are there. So an interrupted download goes on, in any process. The
latter is there first. A file without it is somebody's own: then ``FILE.mcos-part-1`` is tried.
"""

import fcntl
import json
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from errno import EBUSY
from hashlib import sha256
from itertools import count
from math import ceil
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from mcos_client.api.models import Download, Downloaded
from mcos_client.errors import ContentCorrupted, ObjectChanged
from mcos_client.private_files import (
    is_temporary,
    remove,
    replacing,
    write_new,
    write_private,
)
from mcos_client.sending.connection import Connection
from mcos_client.transfer.progress import OnProgress, Progress
from mcos_client.transfer.read import ContentReader, check_digest, locate
from mcos_client.transfer.source import PIECE

RANGE = 16 * 1024**2
"""Bytes that are fetched at once, and lost if it is interrupted."""

MOST_RANGES = 4096
"""Larger content has larger ranges: the list of all is written after each."""

_PART = re.compile(r"\.mcos-part(-\d+)?(\.json)?$")
_NOTED = {"version", "etag", "size", "range", "done"}

_LONGEST_NAME = 220
"""Bytes of a file's name to which more may be added; file systems take 255."""


def download_to(
    connection: Connection,
    container: str,
    name: str,
    target: os.PathLike[str] | BinaryIO,
    *,
    parallel: int,
    if_match: str | None = None,
    on_progress: OnProgress | None = None,
) -> Downloaded:
    """Download an object into a file, named or open for writing.

    Raises
    ------
    McosError, OSError, httpx.TransportError
    """
    if not isinstance(target, os.PathLike):
        return _into(connection, container, name, target, if_match, on_progress)
    path = Path(target)
    if path.exists() and not path.is_file():
        # A device, a named pipe: it is written to, not replaced.
        with path.open("wb") as file:
            return _into(connection, container, name, file, if_match, on_progress)
    path = Path(os.path.realpath(path))
    try:
        return _beside(connection, container, name, path, parallel, if_match, on_progress)
    except ObjectChanged:
        if if_match is not None:
            raise
        # Another client replaced it meanwhile: the new version is what was asked for.
        return _beside(connection, container, name, path, parallel, None, on_progress)


def _into(
    connection: Connection,
    container: str,
    name: str,
    file: BinaryIO,
    if_match: str | None,
    on_progress: OnProgress | None,
) -> Downloaded:
    """Write the bytes in order into a file that cannot be replaced."""
    content = locate(connection, container, name, if_match=if_match)
    if isinstance(content, Download):
        file.write(content.content)
        Progress(len(content.content), on_progress).move(len(content.content))
        return _downloaded_at_once(content)
    progress = Progress(content.found.size, on_progress)
    for piece in content.whole():
        file.write(piece)
        progress.move(len(piece))
    return _downloaded(content)


def _beside(
    connection: Connection,
    container: str,
    name: str,
    path: Path,
    parallel: int,
    if_match: str | None,
    on_progress: OnProgress | None,
) -> Downloaded:
    content = locate(connection, container, name, if_match=if_match)
    if isinstance(content, Download):
        write_file(path, content.content)
        Progress(len(content.content), on_progress).move(len(content.content))
        return _downloaded_at_once(content)
    while True:
        part = _part_of(path)
        with _locked(part) as descriptor:
            ranges = _Ranges(part, descriptor, content)
            resumed = bool(ranges.done)
            try:
                _fetch(connection, content, descriptor, ranges, parallel, on_progress)
            except BaseException:
                if not ranges.done:  # there is nothing to go on with
                    part.unlink(missing_ok=True)
                    ranges.forget()
                raise
            try:
                _verify(connection, descriptor, content)
            except ContentCorrupted:
                ranges.forget()
                part.unlink(missing_ok=True)
                if not resumed:
                    raise
                continue  # an earlier run had left damaged bytes
            os.fsync(descriptor)
            _put_in_place(part, path)
            ranges.forget()
            return _downloaded(content)


def is_unfinished(path: Path) -> bool:
    """Whether a file belongs to an unfinished download, and so is no content."""
    if is_temporary(path.name):
        return True
    found = _PART.search(path.name)
    return found is not None and _is_noted(path if found[2] else Path(f"{path}.json"))


def may_be_unfinished(name: str) -> bool:
    """Whether a file has a name that those of an unfinished download may have."""
    return _PART.search(name) is not None or is_temporary(name.rpartition("/")[2])


def forget_finished(notes: Path) -> bool:
    """Remove the notes of a download whose file is in its place; return whether they were such.

    A process that is killed between the two leaves them.
    """
    if not notes.name.endswith(".json") or not _is_noted(notes):
        return False
    try:
        if not json.loads(notes.read_text("utf-8"))["done"] or notes.with_suffix("").exists():
            return False
        remove(notes)
    except (OSError, ValueError):
        return False  # it is another process's by now, or the folder cannot be written
    return True


def _part_of(path: Path) -> Path:
    """Choose the file of an unfinished download, and let its notes say that it is one."""
    name = os.fsencode(path.name)
    if len(name) > _LONGEST_NAME:
        path = path.with_name(f".{sha256(name).hexdigest()}")
    for number in count():
        part = Path(f"{path}.mcos-part{f'-{number}' if number else ''}")
        notes = Path(f"{part}.json")
        if _is_noted(notes):
            return part
        if os.path.lexists(part) or os.path.lexists(notes):
            continue  # it is somebody's own
        if write_new(notes, json.dumps({**dict.fromkeys(sorted(_NOTED)), "done": []})):
            return part
    raise AssertionError("there is always another number")


def _is_noted(notes: Path) -> bool:
    try:
        told = json.loads(notes.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(told, dict) and told.keys() == _NOTED


class _Ranges:
    """Which ranges of content are in its file already, in this run or an earlier one."""

    def __init__(self, part: Path, descriptor: int, content: ContentReader) -> None:
        self._path = Path(f"{part}.json")
        self._lock = Lock()
        found = content.found
        self._told = {"version": found.version, "etag": found.etag, "size": found.size}
        self.size = max(RANGE, ceil(found.size / MOST_RANGES))
        self.done: set[int] = set()
        if os.fstat(descriptor).st_size == found.size:
            self.done = self._read()
        else:
            os.ftruncate(descriptor, 0)
            os.ftruncate(descriptor, found.size)
        self.missing = [
            first for first in range(0, found.size, self.size) if first not in self.done
        ]

    def add(self, first: int) -> None:
        """Note that the range that begins there is in the file."""
        with self._lock:
            self.done.add(first)
            told = {**self._told, "range": self.size, "done": sorted(self.done)}
            write_private(self._path, json.dumps(told))

    def forget(self) -> None:
        remove(self._path)

    def _read(self) -> set[int]:
        try:
            told = json.loads(self._path.read_text("utf-8"))
            # The ETag may have become another since, of the same version: when it was digested.
            same = (told["version"], told["size"], told["range"]) == (
                self._told["version"],
                self._told["size"],
                self.size,
            )
            return {int(first) for first in told["done"]} if same else set()
        except (OSError, ValueError, KeyError, TypeError):
            return set()


def _fetch(
    connection: Connection,
    content: ContentReader,
    descriptor: int,
    ranges: _Ranges,
    parallel: int,
    on_progress: OnProgress | None,
) -> None:
    size = content.found.size
    progress = Progress(size, on_progress)
    progress.move(sum(min(ranges.size, size - first) for first in ranges.done))
    failures: list[BaseException] = []

    def fetch(first: int) -> None:
        if failures:
            return
        position, end = first, min(first + ranges.size, size)
        try:
            for piece in content.pieces(first, end):
                if failures:
                    return
                connection.check()
                _write_at(descriptor, piece, position)
                position += len(piece)
                progress.move(len(piece))
            ranges.add(first)
        except BaseException as error:
            failures.append(error)

    with ThreadPoolExecutor(parallel, thread_name_prefix="mcos-range") as pool:
        try:
            for _ in pool.map(fetch, ranges.missing):
                pass
        except BaseException as error:
            failures.append(error)  # interrupted: those that are under way end with it
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    if failures:
        raise failures[0]


def _verify(connection: Connection, descriptor: int, content: ContentReader) -> None:
    """Check all bytes in the file, those of earlier runs too, against the stored digest."""
    digest, position = sha256(), 0
    while piece := os.pread(descriptor, PIECE, position):
        connection.check()
        digest.update(piece)
        position += len(piece)
    check_digest(digest.digest(), content.digest())


def _write_at(descriptor: int, content: bytes, position: int) -> None:
    rest = memoryview(content)
    while rest:
        count = os.pwrite(descriptor, rest, position)
        rest, position = rest[count:], position + count


@contextmanager
def _locked(part: Path) -> Iterator[int]:
    """Open the file of an unfinished download, for one process at a time."""
    # Opened like any new file, so that it gets the permissions that any new file gets.
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OSError(EBUSY, "Another process is downloading to it", str(part)) from error
        yield descriptor
    finally:
        os.close(descriptor)


def _put_in_place(part: Path, path: Path) -> None:
    if path.exists():
        part.chmod(path.stat().st_mode & 0o777)
    os.replace(part, path)


def write_file(path: Path, content: bytes) -> None:
    """Write a file, in place of one that has its name; no reader sees a part of it.

    Raises
    ------
    OSError
    """
    with replacing(path) as file:
        file.write(content)
        if path.exists():
            os.fchmod(file.fileno(), path.stat().st_mode & 0o777)


def _downloaded_at_once(found: Download) -> Downloaded:
    return Downloaded(len(found.content), found.etag, found.version, found.sha256)


def _downloaded(content: ContentReader) -> Downloaded:
    found = content.found
    return Downloaded(found.size, found.etag, found.version, found.sha256)
