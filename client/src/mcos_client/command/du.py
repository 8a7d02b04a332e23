"""mcos du: how much is in containers, and below names."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Annotated

import typer

from mcos_client import Client, ListedObject, ObjectNotFound
from mcos_client.command.names.filters import Exclude, Filter, Include, Rules, filter_of
from mcos_client.command.names.locations import Location, folder, location
from mcos_client.command.names.trees import name_below, named_or_below
from mcos_client.command.shared import completing
from mcos_client.command.shared.output import say, size_of
from mcos_client.command.shared.session import Json, session_of


@dataclass
class _Sum:
    size: int = 0
    objects: int = 0

    def add(self, one: ListedObject) -> None:
        self.size += one.size
        self.objects += 1


def du(
    context: typer.Context,
    where: Annotated[
        str | None,
        typer.Argument(
            metavar="[CONTAINER[/PREFIX]]",
            help="All if left out.",
            autocompletion=completing.remote,
        ),
    ] = None,
    summarize: Annotated[bool, typer.Option("--summarize", "-s", help="Only the sum.")] = False,
    bytes_: Annotated[bool, typer.Option("--bytes", "-b", help="Sizes in bytes.")] = False,
    include: Include = None,
    exclude: Exclude = None,
    filter_: Rules = None,
    json: Json = False,
) -> None:
    """Sum the sizes of objects: of each container, or of each folder directly below PREFIX.

    Content counts once, however many replicas there are of it.
    """
    session = session_of(context)
    wanted = filter_of(include, exclude, filter_)
    parts: dict[str, _Sum] = defaultdict(_Sum)
    with session.client() as client:
        if where is None:
            total = _sum_containers(client, wanted, parts)
        else:
            total = _sum_below(client, location(where), wanted, parts)

    def tell(name: str, one: _Sum) -> None:
        size = str(one.size) if bytes_ else size_of(one.size)
        told = {"name": name, "size": one.size, "objects": one.objects}
        say(session, f"{size:>11}  {one.objects:>9,}  {name}", told)

    if not summarize:
        for name in sorted(parts, key=str.encode):
            tell(name, parts[name])
    tell("total" if where is None else str(location(where)), total)


def _sum_containers(client: Client, wanted: Filter, parts: dict[str, _Sum]) -> _Sum:
    total = _Sum()
    for container in client.all_containers():
        found = parts[container.name]
        for one in client.all_objects(container.name):
            if not one.deleted and wanted.admits(one.name):
                found.add(one)
                total.add(one)
    return total


def _sum_below(client: Client, where: Location, wanted: Filter, parts: dict[str, _Sum]) -> _Sum:
    total, empty = _Sum(), True
    base = folder(where.name)
    for one in named_or_below(client, where):
        if one.deleted:
            continue
        empty = False
        if not wanted.admits(name_below(where, one.name)):
            continue
        total.add(one)
        first, slash, _ = one.name.removeprefix(base).partition("/")
        if slash and one.name.startswith(base):
            parts[f"{where.container}/{base}{first}/"].add(one)
    if where.name and empty:
        raise ObjectNotFound(f"There is nothing below {str(where)!r}.")
    return total
