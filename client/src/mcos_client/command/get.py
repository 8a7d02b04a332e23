"""mcos get: an object into a file."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from mcos_client.command.fetching import write_file
from mcos_client.command.locations import Location, object_location
from mcos_client.command.output import busy, say, size_of
from mcos_client.command.session import Json, session_of


def get(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="CONTAINER/OBJECT", help="What to get.")],
    file: Annotated[
        str | None,
        typer.Argument(metavar="[FILE|-]", help="Where to; a folder is fine, - is a pipe."),
    ] = None,
    json: Json = False,
) -> None:
    """Download an object; its bytes are checked against their digest."""
    session = session_of(context)
    where = object_location(source)
    target = None if file == "-" else _target(where, file)
    with session.client() as client, busy(session, f"getting {where}"):
        download = client.download_object(where.container, where.name)
    if target is None:
        sys.stdout.buffer.write(download.content)
        return
    write_file(target, download.content)
    size = len(download.content)
    told = {"file": str(target), "size": size, "etag": download.etag, "version": download.version}
    say(session, f"{target}  {size_of(size)}", told)


def _target(where: Location, file: str | None) -> Path:
    path = Path() if file is None else Path(file)
    if not path.is_dir():
        return path
    base = where.name.rpartition("/")[2]
    if base in ("", ".", ".."):
        raise typer.BadParameter(f"{where.name!r} does not end in a file's name: name the FILE.")
    return path / base
