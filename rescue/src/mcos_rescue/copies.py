"""Reading a copy, and making sure that it is what was stored."""

import hashlib
import os
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mcos_rescue import fetch
from mcos_rescue.errors import Damaged, NotThere, RescueError
from mcos_rescue.stores.contract import Store

_PIECE = 1024 * 1024


@dataclass(frozen=True)
class Expected:
    """What a content must be.

    Attributes
    ----------
    sha256, md5
        Base64 and hexadecimal; empty: not known. If neither is, only the size is compared.
    """

    size: int
    sha256: str = ""
    md5: str = ""

    @property
    def is_exact(self) -> bool:
        """Whether bytes that pass are certainly the right ones."""
        return bool(self.sha256)


class Check:
    """Compares a content with what it must be, piece by piece."""

    def __init__(self, expected: Expected) -> None:
        self._expected = expected
        self._size = 0
        kind = "md5" if expected.md5 and not expected.sha256 else "sha256"
        self._digest = hashlib.new(kind, usedforsecurity=False)

    def take(self, piece: bytes) -> None:
        """Look at the next bytes."""
        self._size += len(piece)
        self._digest.update(piece)

    @property
    def is_passed(self) -> bool:
        """Whether all bytes together are what they must be."""
        wanted = self._expected
        if self._size != wanted.size:
            return False
        if wanted.sha256:
            try:
                return self._digest.digest() == b64decode(wanted.sha256, validate=True)
            except NotBase64:
                return False
        return not wanted.md5 or self._digest.hexdigest() == wanted.md5


def is_there(path: Path, expected: Expected) -> bool:
    """Whether a file is there and has the expected content."""
    if not path.is_file() or path.stat().st_size != expected.size:
        return False
    check = Check(expected)
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            check.take(piece)
    return check.is_passed


def verify(store: Store, keys: Iterable[str], expected: Expected) -> str:
    """Read copies until one is as expected.

    Returns
    -------
    The key of that one.

    Raises
    ------
    NotThere, Damaged, Unavailable, Refused
        None is; the worst that was found of one.
    """
    return _first_good(store, keys, expected, lambda piece: None, lambda: None)


def save(
    store: Store, keys: Iterable[str], expected: Expected, path: Path, *, partial: Path, at: str
) -> str:
    """Write a file from the first copy that is as expected; until then it has another name.

    Parameters
    ----------
    partial
        That other name, in the same file system.
    at
        The time that the file gets, RFC 3339.

    Returns
    -------
    The key of that copy.

    Raises
    ------
    NotThere, Damaged, Unavailable, Refused, OSError
    """
    partial.parent.mkdir(parents=True, exist_ok=True)
    try:
        with partial.open("wb") as file:

            def again() -> None:
                file.seek(0)
                file.truncate()

            key = _first_good(store, keys, expected, file.write, again)
        _set_time(partial, at)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return key


def _first_good(
    store: Store,
    keys: Iterable[str],
    expected: Expected,
    take: Callable[[bytes], object],
    again: Callable[[], None],
) -> str:
    failures: list[RescueError] = []
    for key in dict.fromkeys(keys):
        again()
        check = Check(expected)

        def both(piece: bytes, check: Check = check) -> None:
            check.take(piece)
            take(piece)

        try:
            fetch.stream(store, key, both)
        except RescueError as error:
            failures.append(error)
            continue
        if check.is_passed:
            return key
        failures.append(Damaged(f"{key} is not what was stored"))
    # A copy that is merely not there says less than one that is damaged or cannot be read.
    told = [one for one in failures if not isinstance(one, NotThere)]
    raise (told or failures or [NotThere("no copy is here")])[0]


def _set_time(path: Path, at: str) -> None:
    try:
        moment = datetime.fromisoformat(at).timestamp()
        os.utime(path, (moment, moment))
    except (ValueError, OverflowError):
        pass  # the time in the record is malformed; the file has that of its restoring
