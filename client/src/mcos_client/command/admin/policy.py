"""mcos admin policy: the storage policies."""

from typing import Annotated

import typer

from mcos_client import PolicyPart
from mcos_client.command.shared.output import print_json, say, table
from mcos_client.command.shared.session import Json, session_of

app = typer.Typer(name="policy", help="The storage policies.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the storage policy.")]


@app.command()
def ls(context: typer.Context, json: Json = False) -> None:
    """List the storage policies."""
    session = session_of(context)
    with session.client() as client:
        policies = client.admin.list_policies()
    if session.json:
        for one in policies:
            print_json(session, one)
        return
    rows = ((one.name, "  ".join(map(written_part, one.parts)), one.readable) for one in policies)
    table(session, ("policy", "parts", "readable from"), rows)


@app.command("set")
def set_(
    context: typer.Context,
    name: Name,
    part: Annotated[
        list[str],
        typer.Option(
            metavar="REPLICAS[,LABEL=VALUE][,LABEL~VALUE]",
            help="So many replicas, on clusters that must (=) or should (~) have the labels; "
            "may be repeated.",
        ),
    ],
    readable: Annotated[
        int | None,
        typer.Option(help="Stored replicas that make a version readable; else more than half."),
    ] = None,
    json: Json = False,
) -> None:
    """Set a storage policy, for versions that are placed from now on."""
    session = session_of(context)
    parts = [read_part(text) for text in part]
    with session.client() as client:
        policy = client.admin.set_policy(name, parts, readable=readable)
    written = "  ".join(map(written_part, policy.parts))
    say(session, f"{name}: {written}, readable from {policy.readable}", policy)


@app.command()
def rm(context: typer.Context, name: Name, json: Json = False) -> None:
    """Delete a storage policy that no container names."""
    session = session_of(context)
    with session.client() as client:
        client.admin.delete_policy(name)
    say(session, f"{name} deleted", {"name": name, "state": "deleted"})


def read_part(text: str) -> PolicyPart:
    """Read a part as the command line has it: ``2,cost=low,speed~fast``.

    Raises
    ------
    typer.BadParameter
    """
    replicas, *selectors = text.split(",")
    must: dict[str, str] = {}
    should: dict[str, str] = {}
    for selector in selectors:
        # Whichever sign comes first divides: the value may hold the other one.
        signs = [sign for sign in "=~" if sign in selector]
        sign = min(signs, key=selector.index, default="=")
        label, found, value = selector.partition(sign)
        if not label or not found:
            raise typer.BadParameter(f"{selector!r} must be LABEL=VALUE or LABEL~VALUE.")
        (must if sign == "=" else should)[label] = value
    if not replicas.isdecimal():
        raise typer.BadParameter(f"{text!r} must begin with a number of replicas.")
    return PolicyPart(int(replicas), must, should)


def written_part(part: PolicyPart) -> str:
    """Write a part as the command line has it."""
    must = (f",{label}={value}" for label, value in sorted(part.must.items()))
    should = (f",{label}~{value}" for label, value in sorted(part.should.items()))
    return "".join((str(part.replicas), *must, *should))
