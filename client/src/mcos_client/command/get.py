"""mcos get: objects into files."""

from pathlib import Path
from typing import Annotated

import typer

from mcos_client import Client, Downloaded, ListedObject
from mcos_client.command.names.globs import Pattern, is_pattern, matching
from mcos_client.command.names.locations import Location, object_location
from mcos_client.command.names.trees import Copy, file_name, is_file_name
from mcos_client.command.shared.fetching import RESUMES, fetch
from mcos_client.command.shared.many import end, transfer_each
from mcos_client.command.shared.output import say, size_of
from mcos_client.command.shared.progress import Bar
from mcos_client.command.shared.session import Json, Quiet, Session, session_of
from mcos_client.command.shared.storing import Parallel
from mcos_client.command.shared.streams import standard_output
from mcos_client.transfer.upload import PARALLEL

_NO_PATH = "its name is not a path below a folder: get it by itself"


def get(
    context: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="CONTAINER/OBJECT", help="What to get; may be a pattern.")
    ],
    file: Annotated[
        str | None,
        typer.Argument(metavar="[FILE|-]", help="Where to; a folder is fine, - is a pipe."),
    ] = None,
    parallel: Parallel = PARALLEL,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Download objects; their bytes are checked against their digests.

    The same command, given again after an interruption, goes on.
    """
    session = session_of(context)
    where = object_location(source)
    with session.client() as client:
        if file == "-":
            for one in _meant(client, where):
                client.download_to(one.container, one.name, standard_output())
            standard_output().flush()
            return
        refused = 0
        found = matching(client, where) if is_pattern(where.name) else []
        if not found or [one.name for one in found] == [where.name]:
            copies = [Copy(_target(where, file), where)]
        else:
            copies, refused = _below(session, where, found, Path(file or "."))
        session.hints[RESUMES] = None

        def copy(one: Copy, bar: Bar) -> Downloaded:
            if one.listed is not None:
                one.file.parent.mkdir(parents=True, exist_ok=True)
            return fetch(client, one, bar, parallel=parallel)

        failures = transfer_each(
            session,
            client,
            copies,
            copy,
            lambda one, found: _tell(session, one.file, found),
            label=file_name,
        )
        if len(copies) == 1 and failures:
            raise failures[0][1]
    end(session, failures, failed_before=refused)


def _meant(client: Client, where: Location) -> list[Location]:
    if not is_pattern(where.name):
        return [where]
    return [Location(where.container, one.name) for one in matching(client, where)]


def _below(
    session: Session, where: Location, found: list[ListedObject], target: Path
) -> tuple[list[Copy], int]:
    """Choose files for the objects of a pattern: with the names behind the folder that all share.

    Give how many have no such name, too.
    """
    below, refused = Pattern(where.name).folder, 0
    copies = []
    for one in found:
        relative = one.name.removeprefix(below)
        if not is_file_name(relative):
            session.note(f"{where.container}/{one.name}: {_NO_PATH} [file_error]")
            refused += 1
            continue
        copies.append(
            Copy(Path(target, *relative.split("/")), Location(where.container, one.name), one)
        )
    return copies, refused


def _target(where: Location, file: str | None) -> Path:
    path = Path() if file is None else Path(file)
    if not path.is_dir():
        return path
    base = where.name.rpartition("/")[2]
    if base in ("", ".", ".."):
        raise typer.BadParameter(
            f"{where.name!r} does not end in a file's name: FILE must be given."
        )
    return path / base


def _tell(session: Session, file: Path, found: Downloaded) -> None:
    told = {
        "file": str(file),
        "size": found.size,
        "etag": found.etag,
        "version": found.version,
    }
    note = "" if found.sha256 else "  (not digested yet: only its size was checked)"
    say(session, f"{file}  {size_of(found.size)}{note}", told)
