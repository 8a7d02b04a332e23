"""mcos describe: change what describes an object, not its content."""

from typing import Annotated

import typer

from mcos_client.command.names.locations import object_location
from mcos_client.command.shared.output import say
from mcos_client.command.shared.session import Json, session_of
from mcos_client.command.shared.storing import Header, headers_of, pairs_of


def describe(
    context: typer.Context,
    target: Annotated[str, typer.Argument(metavar="CONTAINER/OBJECT", help="What to describe.")],
    content_type: Annotated[
        str | None, typer.Option("--type", help="Media type; it stays if left out.")
    ] = None,
    meta: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Metadata to set; may be repeated."),
    ] = None,
    no_meta: Annotated[
        list[str] | None, typer.Option(metavar="KEY", help="Metadata to remove; may be repeated.")
    ] = None,
    header: Header = None,
    no_header: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A header to remove; may be repeated.")
    ] = None,
    json: Json = False,
) -> None:
    """Change an object's type, metadata and headers, without sending it again."""
    session = session_of(context)
    where = object_location(target)
    metadata = {**dict.fromkeys(no_meta or ()), **pairs_of(meta)}
    headers = {**dict.fromkeys(no_header or ()), **headers_of(header)}
    if content_type is None and not metadata and not headers:
        raise typer.BadParameter("there must be something to change: --type, --meta, --header, ...")
    with session.client() as client:
        written = client.update_metadata(
            where.container,
            where.name,
            content_type=content_type,
            metadata=metadata,
            headers=headers,
        )
    say(session, f"{where} is described anew, {written.content_type}", written)
