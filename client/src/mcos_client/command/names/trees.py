"""Files below a folder and objects below a prefix, and the pairs that they make."""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mcos_client import Client, ListedObject, ObjectNotFound
from mcos_client.command.names.filters import EVERYTHING, Filter
from mcos_client.command.names.locations import REMOTE, Location, folder
from mcos_client.transfer.download import forget_finished, is_unfinished


@dataclass(frozen=True)
class Copy:
    """A file and an object that become the same; ``listed`` is the object as it was listed."""

    file: Path
    where: Location
    listed: ListedObject | None = None

    def __str__(self) -> str:
        return f"{self.file} and {REMOTE}{self.where}"


def file_name(copy: Copy) -> str:
    """Name a copy beside its bar."""
    return copy.file.name


def is_file_name(relative: str) -> bool:
    """Whether a name can be a path below a folder: it does not lead out, and nothing is lost."""
    other_separators = {os.sep, os.altsep} - {"/", None}
    return "\0" not in relative and not any(
        part in ("", ".", "..") or any(str(one) in part for one in other_separators)
        for part in relative.split("/")
    )


LeftOut = Callable[[Path, str], None]
"""Called with what is left out, and why; a folder is left out with all that is below it."""


Unreadable = Callable[[Path, OSError], None]
"""Called with a folder that cannot be read, and why: what is below it is not known."""


def files_below(
    source: Path, left_out: LeftOut, unreadable: Unreadable, wanted: Filter = EVERYTHING
) -> Iterator[tuple[Path, str]]:
    """Find the files below a folder that are wanted, each with its path from there, with slashes.

    Links to folders are not followed, they may lead round. What is no file (a named pipe, a socket,
    a device) has no content, and reading it may never end.

    Raises
    ------
    OSError
        ``source`` itself cannot be read.
    """

    def refuse(error: OSError) -> None:
        folder = Path(error.filename or source)
        if folder == source:
            raise error
        unreadable(folder, error)

    for directory, folders, files in os.walk(source, onerror=refuse):
        folders[:] = sorted(
            one for one in folders if wanted.enters(_relative(Path(directory, one), source))
        )
        for link in (one for one in folders if Path(directory, one).is_symlink()):
            left_out(Path(directory, link), "a link to a folder")
        for file in sorted(files):
            path = Path(directory, file)
            relative = _relative(path, source)
            if not wanted.admits(relative):
                continue
            if is_unfinished(path):
                if not forget_finished(path):
                    left_out(path, "an unfinished download")
            elif (kind := _no_file(path)) is not None:
                left_out(path, kind)
            else:
                yield path, relative


def _relative(path: Path, source: Path) -> str:
    return str(PurePosixPath(*path.relative_to(source).parts))


_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def _no_file(path: Path) -> str | None:
    """Say what something is that is no file; None for a file, and for what cannot be looked at."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return None  # who reads it says why it cannot be read
    return next((kind for is_kind, kind in _KINDS if is_kind(mode)), None)


def named_or_below(client: Client, where: Location) -> Iterator[ListedObject]:
    """Find the object of a name, and those below it as if it were a folder; deleted ones too."""
    prefix = folder(where.name)
    for one in client.all_objects(where.container, prefix=where.name or None):
        if one.name == where.name or one.name.startswith(prefix):
            yield one


def name_below(where: Location, name: str) -> str:
    """Return the rest of a name that is below another one; of that name itself the last part."""
    prefix = folder(where.name)
    return name.removeprefix(prefix) if name.startswith(prefix) else name.rpartition("/")[2]


def objects_below(client: Client, source: Location) -> Iterator[tuple[ListedObject, str]]:
    """Find the objects below a name as if it were a folder, each with the rest of its name.

    Deleted ones are left out.
    """
    prefix = folder(source.name)
    for one in client.all_objects(source.container, prefix=prefix or None):
        if not one.deleted:
            yield one, one.name.removeprefix(prefix)


def found_below(
    client: Client, source: Location, wanted: Filter = EVERYTHING
) -> list[tuple[Location, str]]:
    """List the objects below a name that are wanted, each with the rest of its name.

    Raises
    ------
    ObjectNotFound
        There is nothing below it.
    """
    found = list(objects_below(client, source))
    if not found:
        raise ObjectNotFound(f"There is nothing below {str(source)!r}.")
    return [
        (Location(source.container, one.name), relative)
        for one, relative in found
        if wanted.admits(relative)
    ]
