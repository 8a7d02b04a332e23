"""mcos undelete: take back what was deleted."""

from typing import Annotated

import typer

from mcos_client.command.names.locations import object_location
from mcos_client.command.shared import completing
from mcos_client.command.shared.output import say
from mcos_client.command.shared.session import Json, session_of

Version = Annotated[
    str | None, typer.Option(help="Id of the version; the newest that was deleted if left out.")
]


def undelete(
    context: typer.Context,
    target: Annotated[
        str,
        typer.Argument(
            metavar="CONTAINER/OBJECT",
            help="What to take back.",
            autocompletion=completing.container_of,
        ),
    ],
    version: Version = None,
    json: Json = False,
) -> None:
    """Take back an object that was deleted, if no other has its name."""
    session = session_of(context)
    where = object_location(target)
    with session.client() as client:
        stat = client.undelete_object(where.container, where.name, version=version)
    say(session, f"{where} is back, {stat.state}", stat)
