"""mcos watch: what happens to an object, until nothing more does."""

from typing import Annotated

import typer

from mcos_client import ObjectFailed, ObjectNotFound
from mcos_client.command.names.locations import object_location
from mcos_client.command.shared import completing
from mcos_client.command.shared.output import say
from mcos_client.command.shared.session import Json, session_of
from mcos_client.command.shared.storing import Timeout


def watch(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="CONTAINER/OBJECT", help="What to watch.", autocompletion=completing.remote
        ),
    ],
    timeout: Timeout = 60.0,
    json: Json = False,
) -> None:
    """Print what an object is, each time that it changes, until it is settled."""
    session = session_of(context)
    where = object_location(source)
    last = None
    with session.client() as client:
        for last in client.watch_object(where.container, where.name, timeout=timeout):
            replicas = ", ".join(f"{one.cluster} {one.state}" for one in last.replicas)
            pending = f" ({len(last.pending)} pending)" if last.pending else ""
            say(session, f"{last.state}{pending}: {replicas or 'no replicas'}", last)
    if last is None:
        raise ObjectNotFound(f"There is no object {where.name!r}.")
    if not last.settled:
        say(session, "gone", {"container": where.container, "name": where.name, "state": "gone"})
    elif last.state == "FAILED":
        raise ObjectFailed(last.reason or f"Object {where.name!r} could not be stored.")
