"""mcos get: objects into files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from mcos_client import Client, Downloaded
from mcos_client.command.names.filters import Exclude, Filter, Include, Rules, filter_of
from mcos_client.command.names.globs import Pattern, is_pattern, matching
from mcos_client.command.names.locations import Location, location, object_location
from mcos_client.command.names.trees import Copy, file_name, found_below, is_file_name
from mcos_client.command.shared import completing
from mcos_client.command.shared.fetching import RESUMES, fetch
from mcos_client.command.shared.many import AT_ONCE, end, transfer_each
from mcos_client.command.shared.output import say, size_of
from mcos_client.command.shared.progress import Bar
from mcos_client.command.shared.session import (
    BandwidthLimit,
    Json,
    Quiet,
    Session,
    session_of,
)
from mcos_client.command.shared.storing import Parallel, Transfers
from mcos_client.command.shared.streams import standard_output
from mcos_client.transfer.upload import PARALLEL


@dataclass(frozen=True)
class _Copy(Copy):
    """One that may need folders of its own below the one that was given."""

    is_below: bool = False


_NO_PATH = "its name is not a path below a folder: get it by itself"


def get(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="CONTAINER/OBJECT",
            help="What to get; may be a pattern.",
            autocompletion=completing.remote,
        ),
    ],
    file: Annotated[
        str | None,
        typer.Argument(metavar="[FILE|-]", help="Where to; a folder is fine, - is a pipe."),
    ] = None,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="All below it, into a folder.")
    ] = False,
    include: Include = None,
    exclude: Exclude = None,
    filter_: Rules = None,
    transfers: Transfers = AT_ONCE,
    parallel: Parallel = PARALLEL,
    bwlimit: BandwidthLimit = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Download objects; their bytes are checked against their digests.

    The same command, given again after an interruption, goes on.
    """
    session = session_of(context)
    wanted = filter_of(include, exclude, filter_)
    where = location(source) if recursive else object_location(source)
    if wanted.rules and not (recursive or is_pattern(where.name)):
        raise typer.BadParameter(
            "--include, --exclude and --filter go with --recursive, or a pattern."
        )
    if recursive and file == "-":
        raise typer.BadParameter("What is below a name goes into a folder, not into a pipe.")
    with session.client() as client:
        if file == "-":
            for one in _meant(client, where, wanted):
                client.download_to(one.container, one.name, standard_output())
            standard_output().flush()
            return
        copies, refused = _chosen(session, client, where, file, wanted=wanted, recursive=recursive)
        session.hints[RESUMES] = None

        def copy(one: _Copy, bar: Bar) -> Downloaded:
            if one.is_below:
                one.file.parent.mkdir(parents=True, exist_ok=True)
            return fetch(client, one, bar, parallel=parallel)

        failures = transfer_each(
            session,
            client,
            copies,
            copy,
            lambda one, found: _tell(session, one.file, found),
            label=file_name,
            at_once=transfers,
        )
        if len(copies) == 1 and failures:
            raise failures[0][1]
    end(session, failures, failed_before=refused)


def _meant(client: Client, where: Location, wanted: Filter) -> list[Location]:
    if not is_pattern(where.name):
        return [where]
    return [one for one, _ in _matching(client, where, wanted)]


def _matching(client: Client, where: Location, wanted: Filter) -> list[tuple[Location, str]]:
    """Find the objects of a pattern, each with its name behind the folder that all share."""
    below = Pattern(where.name).folder
    found = [(one.name, one.name.removeprefix(below)) for one in matching(client, where)]
    return [
        (Location(where.container, name), relative)
        for name, relative in found
        if wanted.admits(relative)
    ]


def _chosen(
    session: Session,
    client: Client,
    where: Location,
    file: str | None,
    *,
    wanted: Filter,
    recursive: bool,
) -> tuple[list[_Copy], int]:
    """Choose files for the objects; give how many have a name that is no path, too."""
    if recursive:
        found = found_below(client, where, wanted)
    elif is_pattern(where.name):
        found = _matching(client, where, wanted)
    else:
        found = [(where, "")]
    if not recursive and [one for one, _ in found] == [where]:
        return [_Copy(_target(where, file), where)], 0
    copies, refused = [], 0
    for one, relative in found:
        if is_file_name(relative):
            copies.append(_Copy(Path(file or ".", *relative.split("/")), one, is_below=True))
        else:
            session.note(f"{one}: {_NO_PATH} [file_error]")
            refused += 1
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
