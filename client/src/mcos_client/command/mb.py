"""mcos mb: make a container."""

from typing import Annotated

import typer

from mcos_client.command.names.locations import container_name
from mcos_client.command.shared.output import say
from mcos_client.command.shared.session import Json, session_of


def mb(
    context: typer.Context,
    container: Annotated[str, typer.Argument(help="Its name.")],
    policy: Annotated[
        str | None, typer.Option(help="Storage policy by which its objects are placed.")
    ] = None,
    retention: Annotated[
        int | None,
        typer.Option(
            metavar="DAYS",
            help="So long its objects can be neither deleted nor replaced; it can be raised only.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Make a container, or find that it is there already; --retention raises one that is."""
    session = session_of(context)
    name = container_name(container)
    with session.client() as client:
        made = client.create_container(name, storage_policy=policy, retention_days=retention)
    facts = f"storage policy {made.storage_policy}"
    if made.retention_days:
        facts += f", retained for {made.retention_days} days"
    say(session, f"{made.name} ({facts})", made)
