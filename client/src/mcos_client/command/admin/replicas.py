"""mcos admin verify and repair: one object's replicas."""

from typing import Annotated

import typer

from mcos_client.command.names.locations import object_location
from mcos_client.command.shared.exit_codes import ExitCode
from mcos_client.command.shared.output import print_json, say, table
from mcos_client.command.shared.session import Json, session_of

Source = Annotated[str, typer.Argument(metavar="CONTAINER/OBJECT", help="The object.")]
Account = Annotated[str, typer.Option(help="The account that has it.")]


def verify(context: typer.Context, source: Source, account: Account, json: Json = False) -> None:
    """Look at every replica of an object now; exit status 1 if one is not whole."""
    session = session_of(context)
    where = object_location(source)
    with session.client() as client:
        found = client.admin.verify_object(account, where.container, where.name)
    if session.json:
        print_json(session, found)
    elif not session.quiet:
        rows = ((one.cluster, one.state, one.checked, one.reason) for one in found.replicas)
        table(session, ("cluster", "replica", "checked", "why"), rows)
    if any(one.state != "whole" for one in found.replicas):
        raise typer.Exit(ExitCode.OTHER)


def repair(context: typer.Context, source: Source, account: Account, json: Json = False) -> None:
    """Have every replica of an object read in full, and written anew if it is not whole."""
    session = session_of(context)
    where = object_location(source)
    with session.client() as client:
        told = client.admin.repair_object(account, where.container, where.name)
    say(session, f"{where}: {', '.join(told.clusters)} will see to it", told)
