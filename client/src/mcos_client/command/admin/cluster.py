"""mcos admin cluster: the linked clusters."""

from typing import Annotated, Any

import typer

from mcos_client import KEEP, Cluster
from mcos_client.command.admin.job import tell_job
from mcos_client.command.admin.options import AUTO, Rate, labels, word
from mcos_client.command.shared.output import labels_of, print_json, say, table
from mcos_client.command.shared.session import Json, session_of

app = typer.Typer(name="cluster", help="The linked clusters.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the cluster.")]
STATES = ("ACTIVE", "DRAINING", "DOWN")


@app.command()
def ls(context: typer.Context, json: Json = False) -> None:
    """List the clusters as they are now."""
    session = session_of(context)
    with session.client() as client:
        clusters = client.admin.list_clusters()
    if session.json:
        for one in clusters:
            print_json(session, one)
        return
    columns = ("cluster", "backend", "state", "health", "weight", "provider", "location", "labels")
    table(session, columns, map(_row, clusters))


@app.command()
def drain(context: typer.Context, name: Name, rate: Rate = None, json: Json = False) -> None:
    """Have all replicas moved off a cluster, which takes no new ones from now on."""
    session = session_of(context)
    with session.client() as client:
        tell_job(session, client.admin.drain_cluster(name, rate=rate))


@app.command()
def lose(context: typer.Context, name: Name, rate: Rate = None, json: Json = False) -> None:
    """Declare that a cluster never comes back, and have its replicas written on others."""
    session = session_of(context)
    with session.client() as client:
        tell_job(session, client.admin.lose_cluster(name, rate=rate))


@app.command("set")
def set_(
    context: typer.Context,
    name: Name,
    state: Annotated[
        str | None, typer.Option(help="ACTIVE, DRAINING, DOWN; auto leaves it to its health.")
    ] = None,
    weight: Annotated[
        str | None, typer.Option(help="Its share of the replicas; auto leaves it to its row.")
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="All its labels; may be repeated."),
    ] = None,
    row_labels: Annotated[
        bool, typer.Option("--row-labels", help="Leave its labels to its row.")
    ] = False,
    json: Json = False,
) -> None:
    """Override a cluster's row and health, or take that back."""
    session = session_of(context)
    change: dict[str, Any] = {
        "state": word("--state", state, STATES),
        "weight": _weight(weight),
        "labels": None if row_labels else KEEP if label is None else labels(label),
    }
    if all(value is KEEP for value in change.values()):
        raise typer.BadParameter("Say what to set: --state, --weight, --label or --row-labels.")
    if row_labels and label is not None:
        raise typer.BadParameter("--label and --row-labels exclude each other.")
    with session.client() as client:
        changed = client.admin.change_cluster(name, **change)
    say(session, f"{name} is {changed.state}", changed)


@app.command()
def rm(context: typer.Context, name: Name, json: Json = False) -> None:
    """Forget a cluster that was drained, or replaced once it was lost, and has stayed so."""
    session = session_of(context)
    with session.client() as client:
        client.admin.unlink_cluster(name)
    say(session, f"{name} is not linked any more", {"name": name, "state": "unlinked"})


def _weight(text: str | None) -> Any:
    if text is None:
        return KEEP
    if text == AUTO:
        return None
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"--weight must be a number or auto, not {text!r}.") from None


def _row(one: Cluster) -> tuple[object, ...]:
    health = "well" if one.health.healthy else f"ill: {one.health.reason}"
    if one.health.warnings:
        health += f" (warning: {'; '.join(one.health.warnings)})"
    state = one.state if one.operator_state is None else f"{one.state} (operator)"
    weight = f"{one.weight:g}"
    facts = (one.name, one.backend, state, health, weight, one.provider, one.location)
    return (*facts, labels_of(one.labels))
