"""mcos share: a link by which others read an object."""

from typing import Annotated

import typer

from mcos_client.command.names.locations import object_location
from mcos_client.command.names.times import seconds
from mcos_client.command.shared import completing
from mcos_client.command.shared.output import say
from mcos_client.command.shared.session import Json, session_of


def share(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="CONTAINER/OBJECT", help="What to share.", autocompletion=completing.remote
        ),
    ],
    expires: Annotated[
        str, typer.Option(metavar="TIME", help="For how long: 1h, 1d, 2w, at most 366d.")
    ] = "1d",
    json: Json = False,
) -> None:
    """Print a link by which whoever has it reads an object, until it expires.

    It is told once. `mcos shares` lists what is shared, and ends it.
    """
    session = session_of(context)
    where, good_for = object_location(source), seconds(expires)
    with session.client() as client:
        made = client.share_object(where.container, where.name, expires_in=good_for)
        link = f"{client.entry_point}{made.path}"
    told = {
        "link": link,
        "share": made.share,
        "container": made.container,
        "name": made.name,
        "expires_at": made.expires_at.isoformat(),
    }
    say(session, link, told)
