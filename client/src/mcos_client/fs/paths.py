"""Paths of the file system: ``CONTAINER/NAME``, where NAME is an object's name, exactly.

Nothing of a name is folded: ``c/a``, ``c//a`` and ``c/a/`` are three objects. A folder is named by
what its objects begin with, without the slash at its end; if it ends in a slash without that one,
too, it keeps it: ``c/a//`` is the folder of ``a//b``. So each path names one folder, and a slash
that somebody puts behind another folder's path changes nothing.
"""

import os
from typing import Any

PROTOCOL = "mcos"


def stripped(path: Any) -> str:
    """Return a path without the protocol, and without what has no meaning before a container."""
    text: str = os.fspath(path)
    for prefix in (f"{PROTOCOL}://", f"{PROTOCOL}::"):
        text = text.removeprefix(prefix)
    text = text.lstrip("/")
    container, _, name = text.partition("/")
    return text if name else container


def split(path: Any) -> tuple[str, str]:
    """Return container and name of a path; either may be empty."""
    container, _, name = stripped(path).partition("/")
    return container, name


def below(name: str) -> str:
    """Return what the names of all objects in a folder begin with."""
    return name if not name or name.endswith("/") else f"{name}/"


def folder_path(container: str, prefix: str) -> str:
    """Return the path of the folder whose objects begin with ``prefix``."""
    name = prefix.removesuffix("/")
    return f"{container}/{prefix if not name or name.endswith('/') else name}"


def base_of(path: str) -> str:
    """Return a folder's path such that ``/`` and what is below it make the paths in it."""
    return path.removesuffix("/")


def last_part(path: str) -> str:
    """Return the name that a path has in its folder."""
    return path[path.removesuffix("/").rfind("/") + 1 :]


def common_base(paths: list[str]) -> str:
    """Return the longest path that all are, or are below."""
    first, *others = (path.split("/") for path in paths)
    count = len(first)
    for parts in others:
        count = min(count, len(parts))
        while first[:count] != parts[:count]:
            count -= 1
    return "/".join(first[:count])


def is_path(given: Any) -> bool:
    """Whether it is one path, and not several."""
    return isinstance(given, str | os.PathLike)
