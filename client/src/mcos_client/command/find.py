"""mcos find: objects by name, size and age."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer

from mcos_client import ListedObject
from mcos_client.command.names.filters import Exclude, Include, Rules, filter_of
from mcos_client.command.names.globs import Pattern
from mcos_client.command.names.locations import folder, location
from mcos_client.command.names.sizes import size
from mcos_client.command.names.times import moment
from mcos_client.command.names.trees import name_below, named_or_below
from mcos_client.command.shared import completing
from mcos_client.command.shared.output import print_json, print_name
from mcos_client.command.shared.session import Json, session_of
from mcos_client.command.shared.streams import standard_output


@dataclass(frozen=True)
class Wanted:
    """What an object has to be like; None: anything.

    Attributes
    ----------
    patterns
        One of them has to match: the last part of the name, or, if the pattern has a slash, all of
        the name below where is looked.
    newer, older
        Its content was stored after that, before that.
    """

    patterns: tuple[Pattern, ...] = ()
    min_size: int | None = None
    max_size: int | None = None
    newer: datetime | None = None
    older: datetime | None = None

    def admits(self, one: ListedObject, relative: str) -> bool:
        """Whether an object is like that."""
        return not (
            (self.min_size is not None and one.size < self.min_size)
            or (self.max_size is not None and one.size > self.max_size)
            or (self.newer is not None and one.last_modified <= self.newer)
            or (self.older is not None and one.last_modified >= self.older)
            or (self.patterns and not any(_matches(each, relative) for each in self.patterns))
        )


def _matches(pattern: Pattern, relative: str) -> bool:
    return pattern.matches(relative if "/" in pattern.text else relative.rpartition("/")[2])


def find(
    context: typer.Context,
    where: Annotated[
        str,
        typer.Argument(
            metavar="CONTAINER[/PREFIX]",
            help="Below which to look.",
            autocompletion=completing.remote,
        ),
    ],
    name: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN",
            help="The last part of the name, or with a slash all below PREFIX; may be repeated.",
        ),
    ] = None,
    min_size: Annotated[
        str | None, typer.Option(metavar="SIZE", help="At least so large: 10MiB.")
    ] = None,
    max_size: Annotated[str | None, typer.Option(metavar="SIZE", help="At most so large.")] = None,
    newer: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Stored after it: 2026-01-31, or 7d (s, m, h, d, w) ago."
        ),
    ] = None,
    older: Annotated[str | None, typer.Option(metavar="TIME", help="Stored before it.")] = None,
    null: Annotated[
        bool,
        typer.Option("--null", "-0", help="End names with a zero byte, exactly as they are."),
    ] = False,
    include: Include = None,
    exclude: Exclude = None,
    filter_: Rules = None,
    json: Json = False,
) -> None:
    """Find objects by name, size and age, and print CONTAINER/OBJECT of each.

    All conditions have to hold.
    """
    session = session_of(context)
    at = location(where)
    chosen = filter_of(include, exclude, filter_)
    wanted = Wanted(
        patterns=tuple(map(Pattern, name or ())),
        min_size=size(min_size),
        max_size=size(max_size),
        newer=moment(newer),
        older=moment(older),
    )
    base = folder(at.name)
    with session.client() as client:
        for one in named_or_below(client, at):
            if (
                one.deleted
                or not wanted.admits(one, one.name.removeprefix(base))
                or not chosen.admits(name_below(at, one.name))
            ):
                continue
            if session.json:
                print_json(session, one)
            elif null:
                standard_output().write(f"{at.container}/{one.name}\0".encode())
            else:
                print_name(session, f"{at.container}/{one.name}")
    if null:
        standard_output().flush()
