"""mcos rm: delete objects."""

from typing import Annotated

import typer

from mcos_client import ObjectNotFound
from mcos_client.command.names.filters import Exclude, Include, Rules, filter_of
from mcos_client.command.names.globs import (
    Pattern,
    is_meant_as_pattern,
    is_pattern,
    is_wild,
    matching,
)
from mcos_client.command.names.locations import Location, location, object_location
from mcos_client.command.names.trees import name_below, named_or_below
from mcos_client.command.shared import completing
from mcos_client.command.shared.deleting import SECONDS, delete_object
from mcos_client.command.shared.many import for_each
from mcos_client.command.shared.output import say
from mcos_client.command.shared.session import Json, Session, session_of
from mcos_client.command.shared.storing import Timeout, Wait


def rm(
    context: typer.Context,
    target: Annotated[
        str,
        typer.Argument(
            metavar="CONTAINER/OBJECT", help="What to delete.", autocompletion=completing.remote
        ),
    ],
    recursive: Annotated[
        bool,
        typer.Option("--recursive", "-r", help="And all below it; a container alone is emptied."),
    ] = False,
    include: Include = None,
    exclude: Exclude = None,
    filter_: Rules = None,
    wait: Wait = None,
    timeout: Timeout = SECONDS,
    json: Json = False,
) -> None:
    """Delete an object, or all objects of a pattern."""
    session = session_of(context)
    wanted = filter_of(include, exclude, filter_)
    where = location(target) if recursive else object_location(target)
    refusal = typer.BadParameter("A pattern must go through folders by **, not by --recursive.")
    if recursive and is_pattern(where.name) and is_wild(where.name):
        raise refusal
    with session.client() as client:
        by_pattern = is_meant_as_pattern(client, where, folder=recursive)
        if recursive and by_pattern:
            raise refusal
        if not recursive and not by_pattern:
            if wanted.rules:
                raise typer.BadParameter(
                    "--include, --exclude and --filter go with --recursive, or a pattern."
                )
            _tell(session, where, delete_object(client, where, wait=wait, timeout=timeout))
            return
        if by_pattern:
            below = Pattern(where.name).folder
            named = matching(client, where, deleted=True)
            chosen = [one for one in named if wanted.admits(one.name.removeprefix(below))]
        else:
            named = list(named_or_below(client, where))
            chosen = [one for one in named if wanted.admits(name_below(where, one.name))]
        if not named and where.name:
            raise ObjectNotFound(f"There is nothing below {str(where)!r}.")

        def delete_one(one: Location) -> bool:
            try:
                return delete_object(client, one, wait=wait, timeout=timeout)
            except ObjectNotFound:
                return True  # another client was first

        found = [Location(where.container, one.name) for one in chosen]
        for_each(
            session, "deleting", found, delete_one, lambda one, gone: _tell(session, one, gone)
        )


def _tell(session: Session, where: Location, gone: bool) -> None:
    state = "deleted" if gone else "deleting"
    told = {"container": where.container, "name": where.name, "state": state}
    say(session, f"{where} {state}", told)
