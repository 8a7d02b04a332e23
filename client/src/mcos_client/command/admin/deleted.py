"""mcos admin undelete and purge: what users have deleted."""

from typing import Annotated

import typer

from mcos_client.command.names.locations import object_location
from mcos_client.command.shared.output import say
from mcos_client.command.shared.session import Json, session_of
from mcos_client.command.undelete import Version

Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Name of the user.")]
Target = Annotated[str, typer.Argument(metavar="CONTAINER/OBJECT", help="The object.")]


def undelete(
    context: typer.Context,
    account: Account,
    target: Target,
    version: Version = None,
    json: Json = False,
) -> None:
    """Take back an object that a user has deleted."""
    session = session_of(context)
    where = object_location(target)
    with session.client() as client:
        stat = client.admin.undelete_for(account, where.container, where.name, version=version)
    say(session, f"{where} of {account} is back, {stat.state}", stat)


def purge(
    context: typer.Context,
    account: Account,
    target: Target,
    version: Annotated[
        str | None, typer.Option(help="Id of the version; all that were deleted if left out.")
    ] = None,
    json: Json = False,
) -> None:
    """Have what a user has deleted of an object removed before it is due."""
    session = session_of(context)
    where = object_location(target)
    with session.client() as client:
        purged = client.admin.purge_object(account, where.container, where.name, version=version)
    told = {"account": account, "container": where.container, "name": where.name}
    say(session, f"{len(purged)} of {where} of {account} purged", {**told, "purged": purged})
