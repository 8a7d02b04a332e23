"""Small files that only their owner can read, and that are never half written."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]


def write_private(path: Path, text: str) -> None:
    """Write a file, in place of one that has its name.

    Raises
    ------
    OSError
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp's files are readable by their owner only, from the moment that they exist.
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


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
