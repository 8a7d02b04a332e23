"""Files that are written whole or not at all, and folders that are removed soon."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_SIDE_BY_SIDE = 8
_PARTS = 64


def write_whole(path: Path, content: str | bytes, *, private: bool = False) -> None:
    """Put ``content`` in place of what ``path`` holds; ``private``: only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    mode = 0o600 if private else 0o666
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
    partial.replace(path)


def remove(folder: Path) -> None:
    """Remove a folder with all below it, if it is there; links are not followed.

    Its parts go side by side. Where a file system makes each removal wait for the disk, a hundred
    thousand files one after another take minutes.
    """
    if folder.is_symlink():
        return
    parts = _folders(folder)
    while parts and len(parts) < _PARTS:
        below = [one for part in parts for one in _folders(part)]
        if not below:
            break
        parts = below
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        list(pool.map(lambda part: shutil.rmtree(part, ignore_errors=True), parts))
    shutil.rmtree(folder, ignore_errors=True)


def _folders(folder: Path | str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [one.path for one in entries if one.is_dir(follow_symlinks=False)]
    except OSError:
        return []
