"""mcos cp: files and folders to objects, back, and objects to objects."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from mcos_client import Client
from mcos_client.command.names.filters import Exclude, Filter, Include, Rules, filter_of
from mcos_client.command.names.locations import REMOTE, Location, folder, location
from mcos_client.command.names.trees import (
    Copy,
    file_name,
    files_below,
    found_below,
    is_file_name,
)
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
from mcos_client.command.shared.storing import (
    Header,
    Parallel,
    Storing,
    Transfers,
    Wait,
    WaitTimeout,
    headers_of,
    preference,
    settled,
    store,
)
from mcos_client.transfer.upload import PARALLEL

Copied = TypeVar("Copied")


@dataclass(frozen=True)
class RemoteCopy:
    """An object, and the object to copy it to."""

    source: Location
    target: Location

    def __str__(self) -> str:
        return f"{REMOTE}{self.source} and {REMOTE}{self.target}"


def cp(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A path, or mcos:CONTAINER/OBJECT.",
            autocompletion=completing.path_or_remote,
        ),
    ],
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="mcos:CONTAINER/OBJECT, or a path.",
            autocompletion=completing.path_or_remote,
        ),
    ],
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="All below SOURCE, to below TARGET.")
    ] = False,
    header: Header = None,
    policy: Annotated[str | None, typer.Option(help="Storage policy of new objects.")] = None,
    include: Include = None,
    exclude: Exclude = None,
    filter_: Rules = None,
    transfers: Transfers = AT_ONCE,
    parallel: Parallel = PARALLEL,
    bwlimit: BandwidthLimit = None,
    wait: Wait = None,
    timeout: WaitTimeout = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Copy between files and objects; what has the target's name is replaced."""
    session = session_of(context)
    wanted = filter_of(include, exclude, filter_)
    if wanted.rules and not recursive:
        raise typer.BadParameter("--include, --exclude and --filter go with --recursive.")
    storing = Storing(
        headers=headers_of(header),
        storage_policy=policy,
        wait=wait,
        timeout=timeout,
        parallel=parallel,
    )
    up, down = target.startswith(REMOTE), source.startswith(REMOTE)
    if not up and not down:
        raise typer.BadParameter("SOURCE or TARGET must be mcos:CONTAINER/...")
    if header and not up:
        raise typer.BadParameter("--header is for objects: TARGET must be mcos:CONTAINER/...")
    with session.client() as client:
        run = _Run(session, client, storing, recursive, wanted, transfers)
        if up and down:
            _between(run, location(source), location(target))
        elif up:
            _upload(run, Path(source), location(target))
        else:
            _download(run, location(source), target)


@dataclass(frozen=True)
class _Run:
    session: Session
    client: Client
    storing: Storing
    recursive: bool
    wanted: Filter
    transfers: int

    def each(
        self,
        copies: Sequence[Copied],
        copy: Callable[[Copied, Bar], int],
        tell: Callable[[Copied, int], None],
        label: Callable[[Copied], str],
    ) -> list[tuple[Copied, Exception]]:
        return transfer_each(
            self.session,
            self.client,
            copies,
            copy,
            tell,
            label=label,
            at_once=self.transfers,
        )


def _upload(run: _Run, source: Path, target: Location) -> None:
    def copy(one: Copy, bar: Bar) -> int:
        return store(run.session, run.client, one.where, one.file, run.storing, bar).size

    unreadable: list[tuple[object, Exception]] = []
    if run.recursive and source.is_dir():
        copies = list(_files_below(run, source, target, unreadable))
    else:
        name = _name_in(target, source.name)
        copies = [Copy(source, Location(target.container, name))]
    failures = run.each(copies, copy, lambda one, size: _tell(run.session, one, size), file_name)
    end(run.session, [*unreadable, *failures])


def _download(run: _Run, source: Location, target: str) -> None:
    def copy(one: Copy, bar: Bar) -> int:
        if run.recursive:
            one.file.parent.mkdir(parents=True, exist_ok=True)
        return fetch(run.client, one, bar, parallel=run.storing.parallel).size

    refused = 0
    if run.recursive:
        copies = []
        for where, relative in found_below(run.client, source, run.wanted):
            if is_file_name(relative):
                copies.append(Copy(Path(target, *relative.split("/")), where))
            else:
                refused += 1
                _tell_refused(run.session, where)
    else:
        copies = [Copy(_file_of(source, target), source)]
    run.session.hints[RESUMES] = None
    failures = run.each(copies, copy, lambda one, size: _tell(run.session, one, size), file_name)
    end(run.session, failures, failed_before=refused)


def _between(run: _Run, source: Location, target: Location) -> None:
    """Copy objects, with type, metadata and headers, by MCOS itself."""

    def copy(one: RemoteCopy, bar: Bar) -> int:
        return _copy_object(run.session, run.client, one, run.storing, bar)

    if run.recursive:
        below = folder(target.name)
        copies = [
            RemoteCopy(where, Location(target.container, below + relative))
            for where, relative in found_below(run.client, source, run.wanted)
        ]
    elif not source.name:
        raise typer.BadParameter(f"{str(source)!r} is a container: copying it needs --recursive.")
    else:
        name = _name_in(target, source.name.rpartition("/")[2])
        copies = [RemoteCopy(source, Location(target.container, name))]

    def tell(one: RemoteCopy, size: int) -> None:
        told = {"source": str(one.source), "target": str(one.target), "size": size}
        say(run.session, f"{REMOTE}{one.source}  {REMOTE}{one.target}  {size_of(size)}", told)

    failures = run.each(copies, copy, tell, lambda one: str(one.target))
    end(run.session, failures)


def _copy_object(
    session: Session, client: Client, one: RemoteCopy, storing: Storing, bar: Bar
) -> int:
    written = client.copy_object(
        one.source.container,
        one.source.name,
        to_container=one.target.container,
        to_name=one.target.name,
        headers=storing.headers,
        prefer=preference(storing.wait),
        storage_policy=storing.storage_policy,
    )
    return settled(client, one.target, written, storing, bar).size


def _files_below(
    run: _Run,
    source: Path,
    target: Location,
    unreadable: list[tuple[object, Exception]],
) -> Iterator[Copy]:
    def left_out(path: Path, why: str) -> None:
        run.session.note(f"{path}: {why}, left out")

    def note(path: Path, error: OSError) -> None:
        unreadable.append((path, error))

    for path, relative in files_below(source, left_out, note, run.wanted):
        yield Copy(path, Location(target.container, f"{folder(target.name)}{relative}"))


def _name_in(target: Location, base: str) -> str:
    into = not target.name or target.name.endswith("/")
    return f"{target.name}{base}" if into else target.name


def _file_of(source: Location, target: str) -> Path:
    if not source.name:
        raise typer.BadParameter(f"{str(source)!r} is a container: copying it needs --recursive.")
    if not target.endswith("/") and not Path(target).is_dir():
        return Path(target)
    base = source.name.rpartition("/")[2]
    if not is_file_name(base):
        raise typer.BadParameter(f"{source.name!r} must end in a file's name.")
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
    session.note(f"{where}: its name is not a path below a folder [file_error]")
