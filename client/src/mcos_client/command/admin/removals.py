"""mcos admin removals: whether copies may be removed from a cluster's backend."""

from typing import Annotated

import typer

from mcos_client.command.shared.output import say
from mcos_client.command.shared.session import Json, session_of

app = typer.Typer(
    name="removals", help="Removals of copies from a cluster's backend.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(metavar="CLUSTER", help="Name of the cluster.")]


@app.command()
def hold(context: typer.Context, name: Name, json: Json = False) -> None:
    """Hold all removals from a cluster's backend; what is owed waits."""
    session = session_of(context)
    with session.client() as client:
        changed = client.admin.change_cluster(name, removals_held=True)
    say(session, f"removals from {name} are held", changed)


@app.command()
def release(context: typer.Context, name: Name, json: Json = False) -> None:
    """Let what is owed be removed again."""
    session = session_of(context)
    with session.client() as client:
        changed = client.admin.change_cluster(name, removals_held=None)
    say(session, f"removals from {name} go on", changed)
