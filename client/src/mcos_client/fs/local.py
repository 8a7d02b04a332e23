"""Paths of this machine."""

import os
import stat
import warnings
from typing import Any

from fsspec.implementations.local import make_path_posix  # type: ignore[import-untyped]


def is_below(relative: str) -> bool:
    """Whether a path's end leads to something below a folder, and nothing of it is lost."""
    parts = relative.removeprefix("/").split("/")
    separators = {os.sep, os.altsep} - {"/", None}
    return relative == "" or not any(
        part in ("", ".", "..") or "\0" in part or any(str(one) in part for one in separators)
        for part in parts
    )


def local_path(path: Any) -> str:
    """Return a path of this machine as fsspec has it: absolute, with slashes."""
    text: str = make_path_posix(os.fspath(path))
    return text


def is_content(file: str) -> bool:
    """Whether a file in a folder is one with content; else say so."""
    try:
        if stat.S_ISREG(os.stat(file).st_mode):
            return True
    except OSError:
        return True  # who opens it says why it cannot be read
    warnings.warn(f"{file!r} is no file with content: it was left out", stacklevel=3)
    return False
