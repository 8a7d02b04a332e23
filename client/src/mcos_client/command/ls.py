"""mcos ls: list containers, or what is in one."""

from collections.abc import Iterator
from typing import Annotated

import typer

from mcos_client import Client, ObjectPage
from mcos_client.command.names.globs import Pattern, is_meant_as_pattern, is_pattern, objects_like
from mcos_client.command.names.locations import Location, location
from mcos_client.command.shared import completing
from mcos_client.command.shared.output import print_json, print_name, size_of, time_of
from mcos_client.command.shared.session import Json, Session, session_of


def ls(
    context: typer.Context,
    where: Annotated[
        str | None,
        typer.Argument(
            metavar="[CONTAINER[/PREFIX]]",
            help="All if left out; may be a pattern.",
            autocompletion=completing.remote,
        ),
    ] = None,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Do not fold names at slashes.")
    ] = False,
    long: Annotated[bool, typer.Option("--long", "-l", help="State, size and time too.")] = False,
    deleted: Annotated[
        bool, typer.Option("--deleted", help="What was deleted and can be taken back.")
    ] = False,
    json: Json = False,
) -> None:
    """List containers, or the objects of one whose names begin with PREFIX (or match it).

    Objects that are deleted and not yet removed are shown only where their state is.
    """
    session = session_of(context)
    if deleted and (where is None or is_pattern(location(where).name)):
        raise typer.BadParameter("--deleted needs a CONTAINER, or CONTAINER/PREFIX.")
    with session.client() as client:
        if deleted and where is not None:
            _print_deleted(session, client, location(where), long=long)
        elif where is None:
            _print_containers(session, client, long=long)
        elif is_meant_as_pattern(client, location(where), folder=True):
            found = objects_like(client, location(where).container, Pattern(location(where).name))
            _print_page(session, ObjectPage(tuple(found), (), None), long=long)
        else:
            for page in _pages(client, location(where), "" if recursive else "/"):
                _print_page(session, page, long=long)


def _print_containers(session: Session, client: Client, *, long: bool) -> None:
    for one in client.all_containers():
        if session.json:
            print_json(session, one)
        elif long:
            print_name(session, f"{time_of(one.created_at)}  {one.storage_policy:12}  {one.name}")
        else:
            print_name(session, one.name)


def _print_deleted(session: Session, client: Client, where: Location, *, long: bool) -> None:
    for one in client.all_deleted(where.container, prefix=where.name or None):
        if session.json:
            print_json(session, one)
        elif long:
            facts = f"{one.version}  {size_of(one.size):>11}  {time_of(one.removed_after)}"
            print_name(session, f"{facts}  {one.name}")
        else:
            print_name(session, one.name)


def _pages(client: Client, where: Location, delimiter: str) -> Iterator[ObjectPage]:
    marker = None
    while True:
        page = client.list_object(
            where.container,
            prefix=where.name or None,
            delimiter=delimiter or None,
            marker=marker,
        )
        yield page
        marker = page.next_marker
        if marker is None:
            return


def _print_page(session: Session, page: ObjectPage, *, long: bool) -> None:
    """Print objects and folded names as one list, in the order of their bytes."""
    lines = {prefix: f"{'':42}  {prefix}" if long else prefix for prefix in page.common_prefixes}
    values: dict[str, object] = {one: {"common_prefix": one} for one in page.common_prefixes}
    for one in page.objects:
        if one.deleted and not long and not session.json:
            continue
        facts = f"{one.state:8}  {size_of(one.size):>11}  {time_of(one.last_modified)}"
        lines[one.name] = f"{facts}  {one.name}" if long else one.name
        values[one.name] = one
    for name in sorted(lines, key=str.encode):
        if session.json:
            print_json(session, values[name])
        else:
            print_name(session, lines[name])
