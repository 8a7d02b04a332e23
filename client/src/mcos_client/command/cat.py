"""mcos cat: objects' bytes to standard output."""

from typing import Annotated

import typer

from mcos_client.command.names.locations import object_location
from mcos_client.command.shared import completing
from mcos_client.command.shared.session import BandwidthLimit, Json, session_of
from mcos_client.command.shared.streams import standard_output


def cat(
    context: typer.Context,
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="CONTAINER/OBJECT...", help="What to print.", autocompletion=completing.remote
        ),
    ],
    bwlimit: BandwidthLimit = None,
    json: Json = False,
) -> None:
    """Print the bytes of objects, one after another. (--json is for what goes wrong.)"""
    session = session_of(context)
    locations = [object_location(source) for source in sources]
    output = standard_output()
    with session.client() as client:
        for where in locations:
            for piece in client.stream_object(where.container, where.name):
                output.write(piece)
    output.flush()
