"""Files below a folder and objects below a prefix, and the pairs that they make."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mcos_client import Client, ListedObject
from mcos_client.command.names.locations import REMOTE, Location, folder
from mcos_client.transfer.download import PART_SUFFIX, RANGES_SUFFIX


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


def is_unfinished(name: str) -> bool:
    """Whether a file belongs to an unfinished download, and so is no content."""
    return name.endswith((PART_SUFFIX, RANGES_SUFFIX))


def files_below(source: Path, left_out: Callable[[Path], None]) -> Iterator[tuple[Path, str]]:
    """Find the files below a folder, each with its path from there, with slashes.

    Links to folders are not followed, they may lead round: ``left_out`` is told.

    Raises
    ------
    OSError
        A folder cannot be read.
    """

    def refuse(error: OSError) -> None:
        raise error

    for directory, folders, files in os.walk(source, onerror=refuse):
        folders.sort()
        for link in (one for one in folders if Path(directory, one).is_symlink()):
            left_out(Path(directory, link))
        for file in sorted(files):
            path = Path(directory, file)
            if not is_unfinished(file):
                yield path, str(PurePosixPath(*path.relative_to(source).parts))


def objects_below(client: Client, source: Location) -> Iterator[tuple[ListedObject, str]]:
    """Find the objects below a name as if it were a folder, each with the rest of its name.

    Deleted ones are left out.
    """
    prefix = folder(source.name)
    for one in client.all_objects(source.container, prefix=prefix or None):
        if not one.deleted:
            yield one, one.name.removeprefix(prefix)
