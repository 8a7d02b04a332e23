"""mcos put: store files, folders, or what comes through a pipe."""

from pathlib import Path
from typing import Annotated

import typer

from mcos_client import Client, IfThere, Written
from mcos_client.command.names.filters import Exclude, Filter, Include, Rules, filter_of
from mcos_client.command.names.locations import Location, folder, location, object_location
from mcos_client.command.names.sizes import part_size
from mcos_client.command.names.trees import Copy, file_name, files_below
from mcos_client.command.shared import completing
from mcos_client.command.shared.many import AT_ONCE, end, transfer_each
from mcos_client.command.shared.output import say, size_of
from mcos_client.command.shared.progress import Bar, bars
from mcos_client.command.shared.session import (
    BandwidthLimit,
    Json,
    Quiet,
    Session,
    session_of,
)
from mcos_client.command.shared.storing import (
    Header,
    Parallel,
    Storing,
    Transfers,
    Wait,
    WaitTimeout,
    headers_of,
    pairs_of,
    store,
)
from mcos_client.command.shared.streams import standard_input
from mcos_client.transfer.upload import PARALLEL

PIPE = "-"


def put(
    context: typer.Context,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE|-... CONTAINER[/OBJECT]",
            help="What to store, - is a pipe; and where to. Behind a slash, and for several "
            "files, names are those of the files.",
            autocompletion=completing.paths_then_remote,
        ),
    ],
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Folders too: all that is below them.")
    ] = False,
    content_type: Annotated[
        str | None, typer.Option("--type", help="Media type; guessed from the name if left out.")
    ] = None,
    meta: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Metadata; may be repeated.")
    ] = None,
    header: Header = None,
    policy: Annotated[str | None, typer.Option(help="Storage policy of the objects.")] = None,
    no_clobber: Annotated[
        bool, typer.Option("--no-clobber", help="Refuse if the object is there.")
    ] = False,
    update: Annotated[
        bool, typer.Option("--update", help="Refuse if the object is not there.")
    ] = False,
    include: Include = None,
    exclude: Exclude = None,
    filter_: Rules = None,
    transfers: Transfers = AT_ONCE,
    parallel: Parallel = PARALLEL,
    bwlimit: BandwidthLimit = None,
    part: Annotated[
        str | None,
        typer.Option("--part-size", metavar="SIZE", help="Of large content's parts: 64MiB."),
    ] = None,
    upload: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Go on with an upload that another machine began."),
    ] = None,
    wait: Wait = None,
    timeout: WaitTimeout = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Store files as objects; an object that has the name is replaced.

    The same command, given again after an interruption, goes on.
    """
    session = session_of(context)
    storing = Storing(
        if_there=_if_there(no_clobber=no_clobber, update=update),
        content_type=content_type,
        metadata=pairs_of(meta),
        headers=headers_of(header),
        storage_policy=policy,
        wait=wait,
        timeout=timeout,
        parallel=parallel,
        part_size=part_size(part),
        resume=upload,
    )
    wanted = filter_of(include, exclude, filter_)
    sources, target = _split(paths, of_upload=upload is not None)
    if PIPE in sources:
        _put_pipe(session, object_location(target or ""), storing)
        return
    with session.client() as client:
        where = _target_of(client, upload) if target is None else location(target)
        unreadable: list[tuple[object, Exception]] = []
        copies = _copies(session, sources, where, wanted, unreadable, recursive=recursive)
        if upload is not None and len(copies) != 1:
            raise typer.BadParameter("--upload takes one file.")

        def copy(one: Copy, bar: Bar) -> Written:
            return store(session, client, one.where, one.file, storing, bar)

        failures = transfer_each(
            session,
            client,
            copies,
            copy,
            lambda one, written: _tell(session, one.where, written),
            label=file_name,
            at_once=transfers,
        )
        if len(copies) == 1 and failures and not unreadable:
            raise failures[0][1]
    end(session, [*unreadable, *failures])


def _split(paths: list[str], *, of_upload: bool) -> tuple[list[str], str | None]:
    """Tell sources from the target; an upload knows its target itself."""
    if of_upload and len(paths) == 1 and paths != [PIPE]:
        return paths, None
    if len(paths) < 2:
        raise typer.BadParameter(
            "Both must be given, what to store and where to: FILE CONTAINER/OBJECT."
        )
    *sources, target = paths
    if PIPE in sources and (len(sources) > 1 or of_upload):
        raise typer.BadParameter("A pipe must be stored alone, and cannot go on.")
    return sources, target


def _put_pipe(session: Session, where: Location, storing: Storing) -> None:
    with session.client() as client, bars(session) as shown:
        bar = shown.bar(str(where), None)
        written = store(session, client, where, standard_input(), storing, bar)
        shown.end(bar)
    _tell(session, where, written)


def _target_of(client: Client, upload: str | None) -> Location:
    found = client.stat_upload(upload or "", limit=1)
    return Location(found.container, found.name)


def _copies(
    session: Session,
    sources: list[str],
    target: Location,
    wanted: Filter,
    unreadable: list[tuple[object, Exception]],
    *,
    recursive: bool,
) -> list[Copy]:
    """Find what goes where; add the folders that cannot be read to ``unreadable``."""
    into = len(sources) > 1 or not target.name or target.name.endswith("/")
    copies = []
    for source in map(Path, sources):
        if recursive and source.is_dir():
            # As cp does: one folder's files come below the target, several keep their names.
            below = folder(target.name) + (f"{source.resolve().name}/" if len(sources) > 1 else "")
            found = files_below(
                source,
                lambda path, why: session.note(f"{path}: {why}, left out"),
                lambda path, error: unreadable.append((path, error)),
                wanted,
            )
            copies += [
                Copy(path, Location(target.container, below + relative)) for path, relative in found
            ]
        elif wanted.admits(source.name):
            name = folder(target.name) + source.name if into else target.name
            copies.append(Copy(source, Location(target.container, name)))
    return copies


def _tell(session: Session, where: Location, written: Written) -> None:
    stored, wanted = written.replicas
    replicas = f"  {stored} of {wanted} replicas stored" if wanted else ""
    say(session, f"{where}  {size_of(written.size)}  {written.state}{replicas}", written)


def _if_there(*, no_clobber: bool, update: bool) -> IfThere:
    if no_clobber and update:
        raise typer.BadParameter("--no-clobber and --update exclude each other.")
    if no_clobber:
        return "refuse"
    return "require" if update else "replace"
