"""Folders of files, and what is below a prefix, as lists of what belongs together."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mcos_client import Client, ListedObject
from mcos_client.command.names.locations import REMOTE, Location, folder
from mcos_client.transfer.download import PART_SUFFIX, RANGES_SUFFIX


@dataclass(frozen=True)
class Copy:
    """One file and one object that are to be the same; the object as it was listed, if it was."""

    file: Path
    where: Location
    listed: ListedObject | None = None

    def __str__(self) -> str:
        return f"{self.file} and {REMOTE}{self.where}"


def file_name(copy: Copy) -> str:
    """What a copy is called beside its bar."""
    return copy.file.name


def is_file_name(relative: str) -> bool:
    """Whether a name can be a path below a folder: no way out of it, nothing that is lost."""
    other_separators = {os.sep, os.altsep} - {"/", None}
    return "\0" not in relative and not any(
        part in ("", ".", "..") or any(str(one) in part for one in other_separators)
        for part in relative.split("/")
    )


def is_unfinished(name: str) -> bool:
    """Whether a file is of a download that is not done: it is nobody's content."""
    return name.endswith((PART_SUFFIX, RANGES_SUFFIX))


def files_below(source: Path, left_out: Callable[[Path], None]) -> Iterator[tuple[Path, str]]:
    """Each file below a folder, with its path from there, with slashes.

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
    """Each object below a name as if it were a folder, with the rest of its name."""
    prefix = folder(source.name)
    for one in client.all_objects(source.container, prefix=prefix or None):
        yield one, one.name.removeprefix(prefix)
