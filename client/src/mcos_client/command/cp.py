"""mcos cp: files and folders to objects, and back."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer

from mcos_client import Client, ObjectNotFound
from mcos_client.command.fetching import write_file
from mcos_client.command.locations import REMOTE, Location, folder, location
from mcos_client.command.many import for_each
from mcos_client.command.output import say, size_of
from mcos_client.command.session import Json, Session, session_of
from mcos_client.command.storing import LARGEST_CONTENT, Storing, Wait, checked_size, store


@dataclass(frozen=True)
class Copy:
    """One file and one object that are to be the same."""

    file: Path
    where: Location

    def __str__(self) -> str:
        return f"{self.file} and {REMOTE}{self.where}"


def cp(
    context: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A path, or mcos:CONTAINER/OBJECT.")
    ],
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="mcos:CONTAINER/OBJECT, or a path.")
    ],
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="All below SOURCE, to below TARGET.")
    ] = False,
    policy: Annotated[str | None, typer.Option(help="Storage policy of new objects.")] = None,
    wait: Wait = None,
    json: Json = False,
) -> None:
    """Copy between files and objects; what is there under the names is replaced."""
    session = session_of(context)
    up, down = target.startswith(REMOTE), source.startswith(REMOTE)
    if up == down:
        raise typer.BadParameter("One of SOURCE and TARGET is mcos:CONTAINER/..., one is a path.")
    with session.client() as client:
        if up:
            storing = Storing(storage_policy=policy, wait=wait)
            _upload(session, client, Path(source), location(target), storing, recursive)
        else:
            _download(session, client, location(source), target, recursive)


def _upload(
    session: Session,
    client: Client,
    source: Path,
    target: Location,
    storing: Storing,
    recursive: bool,
) -> None:
    def copy(one: Copy) -> int:
        with one.file.open("rb") as file:
            content = checked_size(file.read(LARGEST_CONTENT + 1), str(one.file))
        return store(client, session.clock, one.where, content, storing).size

    if recursive and source.is_dir():
        copies = list(_files_below(session, source, target))
    else:
        into = not target.name or target.name.endswith("/")
        name = f"{target.name}{source.name}" if into else target.name
        copies = [Copy(source, Location(target.container, name))]
    for_each(session, "storing", copies, copy, lambda one, size: _tell(session, one, size))


def _download(
    session: Session, client: Client, source: Location, target: str, recursive: bool
) -> None:
    def copy(one: Copy) -> int:
        content = client.download_object(one.where.container, one.where.name).content
        if recursive:
            one.file.parent.mkdir(parents=True, exist_ok=True)
        write_file(one.file, content)
        return len(content)

    refused = 0
    if recursive:
        found = list(_objects_below(client, source))
        if not found:
            raise ObjectNotFound(f"There is nothing below {str(source)!r}.")
        copies = []
        for where, relative in found:
            if is_file_name(relative):
                copies.append(Copy(Path(target, *relative.split("/")), where))
            else:
                refused += 1
                _tell_refused(session, where)
    else:
        copies = [Copy(_file_of(source, target), source)]
    for_each(
        session,
        "getting",
        copies,
        copy,
        lambda one, size: _tell(session, one, size),
        failed_before=refused,
    )


def is_file_name(relative: str) -> bool:
    """Whether a name can be a path below a folder: no way out of it, nothing that is lost."""
    other_separators = {os.sep, os.altsep} - {"/", None}
    return not any(
        part in ("", ".", "..") or any(str(one) in part for one in other_separators)
        for part in relative.split("/")
    )


def _files_below(session: Session, source: Path, target: Location) -> Iterator[Copy]:
    """What is below a folder; links to folders are not followed, they may lead round."""
    for directory, folders, files in os.walk(source):
        folders.sort()
        for link in (one for one in folders if Path(directory, one).is_symlink()):
            session.errors.print(f"mcos: {Path(directory, link)}: a link to a folder, left out")
        for file in sorted(files):
            path = Path(directory, file)
            relative = PurePosixPath(*path.relative_to(source).parts)
            yield Copy(path, Location(target.container, f"{folder(target.name)}{relative}"))


def _objects_below(client: Client, source: Location) -> Iterator[tuple[Location, str]]:
    prefix = folder(source.name)
    for one in client.all_objects(source.container, prefix=prefix or None):
        yield Location(source.container, one.name), one.name.removeprefix(prefix)


def _file_of(source: Location, target: str) -> Path:
    if not source.name:
        raise typer.BadParameter(f"{source} is a container: copy it with --recursive.")
    if not target.endswith("/") and not Path(target).is_dir():
        return Path(target)
    base = source.name.rpartition("/")[2]
    if not is_file_name(base):
        raise typer.BadParameter(f"{source.name!r} does not end in a file's name.")
    return Path(target, base)


def _tell(session: Session, one: Copy, size: int) -> None:
    told = {
        "file": str(one.file),
        "container": one.where.container,
        "name": one.where.name,
        "size": size,
    }
    say(session, f"{REMOTE}{one.where}  {one.file}  {size_of(size)}", told)


def _tell_refused(session: Session, where: Location) -> None:
    session.errors.print(f"mcos: {where}: its name is no path below a folder [file_error]")
