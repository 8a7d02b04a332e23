"""Files that are never half written, and what a process that is killed leaves of them.

A file is written under another name beside its own, and takes its place. That name is the same each
time: what was left is found, and used, by the next process that writes the file.
"""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

_TEMPORARY = re.compile(r"\.mcos-[0-9a-f]{32}")
_PRIVATE = 0o600


def is_temporary(name: str) -> bool:
    """Whether a file's name is one under which another file is written."""
    return _TEMPORARY.fullmatch(name) is not None


@contextmanager
def replacing(path: Path, *, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Open a file that takes the place of another one when it is complete.

    Raises
    ------
    OSError
    """
    temporary, descriptor = _taken(path, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            if fcntl is None:
                file.close()
            # While it is held: nobody else takes it for one that was left.
            os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, in place of one that has its name.

    Raises
    ------
    OSError
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with replacing(path, mode=_PRIVATE) as file:
        file.write(text.encode())


def write_new(path: Path, text: str) -> bool:
    """Write a file if none has its name; return whether it was written.

    Raises
    ------
    OSError
    """
    temporary, descriptor = _taken(path, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            try:
                os.link(temporary, path)
            except FileExistsError:
                return False
            except OSError:  # the file system has no links
                with suppress(FileExistsError), path.open("x", encoding="utf-8") as other:
                    other.write(text)
                    return True
                return False
            return True
    finally:
        temporary.unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Remove a file, if it is there, with what was left of writing it.

    Raises
    ------
    OSError
    """
    path.unlink(missing_ok=True)
    _temporary_of(path).unlink(missing_ok=True)


def _temporary_of(path: Path) -> Path:
    return path.with_name(f".mcos-{sha256(os.fsencode(path.name)).hexdigest()[:32]}")


def _taken(path: Path, mode: int) -> tuple[Path, int]:
    """Create the file that is to take the place of another one, or take the one that was left."""
    temporary = _temporary_of(path)
    for _ in range(3 if fcntl is not None else 0):
        # Neither through a link nor into a named pipe, which somebody may have put there.
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            descriptor = os.open(temporary, flags, mode)
        except OSError:
            break  # what is wrong with the folder, the next try says
        found = _held(temporary, descriptor)
        if found is not None and found.st_nlink == 1:
            os.ftruncate(descriptor, 0)
            if mode == _PRIVATE:
                os.fchmod(descriptor, mode)
            return temporary, descriptor
        if found is not None:
            temporary.unlink(missing_ok=True)  # it has taken a file's place, and its name was left
        os.close(descriptor)
    other = path.with_name(f".mcos-{os.urandom(16).hex()}")
    return other, os.open(other, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)


def _held(path: Path, descriptor: int) -> os.stat_result | None:
    """Lock an open file; None if another process has it, or it is not this user's file there."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        found, there = os.fstat(descriptor), path.lstat()
    except OSError:
        return None
    same = (found.st_dev, found.st_ino) == (there.st_dev, there.st_ino)
    owned = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
    return found if same and owned else None


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Let no other process be here at the same time, where the system can do that."""
    if fcntl is None:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def xdg_folder(variable: str, default: str, environ: Mapping[str, str] = os.environ) -> Path:
    """Find a folder of the XDG specification; ``default`` is below the home."""
    base = environ.get(variable, "")
    # The specification has a relative path ignored.
    return Path(base) if os.path.isabs(base) else Path.home() / default
