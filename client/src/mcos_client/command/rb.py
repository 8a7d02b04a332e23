"""mcos rb: remove a container."""

from typing import Annotated

import typer

from mcos_client.command.names.locations import container_name
from mcos_client.command.shared import completing
from mcos_client.command.shared.output import say
from mcos_client.command.shared.session import Json, session_of


def rb(
    context: typer.Context,
    container: Annotated[
        str, typer.Argument(help="Its name.", autocompletion=completing.container)
    ],
    json: Json = False,
) -> None:
    """Remove a container that holds no objects."""
    session = session_of(context)
    name = container_name(container)
    with session.client() as client:
        client.delete_container(name)
    say(session, f"{name} removed", {"container": name, "state": "removed"})
