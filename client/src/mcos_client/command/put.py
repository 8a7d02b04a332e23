"""mcos put: store a file, or what comes through a pipe."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from mcos_client.command.locations import object_location
from mcos_client.command.output import busy, say, size_of
from mcos_client.command.session import Json, session_of
from mcos_client.command.storing import (
    LARGEST_CONTENT,
    IfThere,
    Storing,
    Timeout,
    Wait,
    checked_size,
    store,
)


def put(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="What to store; - is a pipe.")],
    target: Annotated[str, typer.Argument(metavar="CONTAINER/OBJECT", help="Where to.")],
    content_type: Annotated[
        str | None, typer.Option("--type", help="Media type; guessed from the name if left out.")
    ] = None,
    meta: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Metadata; may be repeated.")
    ] = None,
    policy: Annotated[str | None, typer.Option(help="Storage policy of this object.")] = None,
    no_clobber: Annotated[
        bool, typer.Option("--no-clobber", help="Refuse if the object is there.")
    ] = False,
    update: Annotated[
        bool, typer.Option("--update", help="Refuse if the object is not there.")
    ] = False,
    wait: Wait = None,
    timeout: Timeout = 60.0,
    json: Json = False,
) -> None:
    """Store a file as an object, in the place of the one that has the name."""
    session = session_of(context)
    where = object_location(target)
    storing = Storing(
        if_there=_if_there(no_clobber=no_clobber, update=update),
        content_type=content_type,
        metadata=_metadata(meta or []),
        storage_policy=policy,
        wait=wait,
        timeout=timeout,
    )
    content = _content(file)
    with session.client() as client, busy(session, f"storing {where}"):
        written = store(client, session.clock, where, content, storing)
    stored, wanted = written.replicas
    say(
        session,
        f"{where}  {size_of(written.size)}  {written.state}  {stored} of {wanted} replicas stored",
        written,
    )


def _if_there(*, no_clobber: bool, update: bool) -> IfThere:
    if no_clobber and update:
        raise typer.BadParameter("--no-clobber and --update exclude each other.")
    if no_clobber:
        return IfThere.REFUSE
    return IfThere.REQUIRE if update else IfThere.REPLACE


def _metadata(given: list[str]) -> dict[str, str]:
    metadata = {}
    for pair in given:
        key, equals, value = pair.partition("=")
        if not key or not equals or not pair.isascii() or not pair.isprintable():
            raise typer.BadParameter(f"{pair!r} is not KEY=VALUE in printable ASCII.")
        metadata[key] = value
    return metadata


def _content(file: str) -> bytes:
    if file == "-":
        return checked_size(sys.stdin.buffer.read(LARGEST_CONTENT + 1), "standard input")
    with Path(file).open("rb") as opened:
        return checked_size(opened.read(LARGEST_CONTENT + 1), file)
