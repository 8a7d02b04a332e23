"""mcos admin scrub: the comparison of the clusters' backends with the catalog."""

from collections.abc import Callable, Sequence
from typing import Annotated

import typer
from rich.table import Table

from mcos_client import Client, JobNotFound, Scrub
from mcos_client.command.shared.output import drawn_table, print_json, size_of, time_of
from mcos_client.command.shared.session import Json, Session, session_of

app = typer.Typer(
    name="scrub", help="Compare backends with the catalog, both ways.", no_args_is_help=True
)

Clusters = Annotated[
    list[str] | None, typer.Argument(metavar="[CLUSTER]...", help="Names of clusters.")
]
All = Annotated[bool, typer.Option("--all", help="All linked clusters.")]


@app.command()
def start(
    context: typer.Context,
    clusters: Clusters = None,
    every: All = False,
    full: Annotated[
        bool, typer.Option("--full", help="Read every copy in full, not only a share of them.")
    ] = False,
    mass_repair: Annotated[
        bool,
        typer.Option("--mass-repair", help="Write anew whatever is missing, however much it is."),
    ] = False,
    renew: Annotated[
        bool, typer.Option("--renew", help="Write copies anew that do not say what they are.")
    ] = False,
    rate: Annotated[
        float | None, typer.Option(help="Copies a second that it looks at, at most.")
    ] = None,
    json: Json = False,
) -> None:
    """Start a run; it begins within a minute."""
    _each(
        session_of(context),
        _named(clusters, every),
        lambda client, name: client.admin.start_scrub(
            name, rate=rate, full=full, mass_repair=mass_repair, renew=renew
        ),
    )


@app.command()
def status(context: typer.Context, clusters: Clusters = None, json: Json = False) -> None:
    """Show the last run of each cluster, of all of them if none is named."""
    _each(session_of(context), clusters, lambda client, name: client.admin.get_scrub(name))


@app.command()
def stop(
    context: typer.Context, clusters: Clusters = None, every: All = False, json: Json = False
) -> None:
    """Stop a run. The next one begins by itself, or when it is started."""
    _each(
        session_of(context),
        _named(clusters, every),
        lambda client, name: client.admin.stop_scrub(name),
    )


def _named(clusters: Sequence[str] | None, every: bool) -> Sequence[str] | None:
    if bool(clusters) == every:
        raise typer.BadParameter("Name clusters, or say --all.")
    return clusters


def _each(
    session: Session, clusters: Sequence[str] | None, call: Callable[[Client, str], Scrub]
) -> None:
    """Make a call for clusters, for all of them if none is named, and print their runs."""
    runs = []
    with session.client() as client:
        for name in clusters or [one.name for one in client.admin.list_clusters()]:
            try:
                runs.append(call(client, name))
            except JobNotFound:
                if clusters:
                    raise
    if session.json:
        for run in runs:
            print_json(session, run)
        return
    if not session.quiet:
        _print_runs(session, runs)


def _print_runs(session: Session, runs: Sequence[Scrub]) -> None:
    """Print runs as a table, and below it what is to be said of each."""
    session.console.print(table_of(runs))
    for run in runs:
        for what in (run.reason, run.waits, run.held):
            if what is not None:
                session.console.print(f"{run.cluster}: {what}", markup=False)


def table_of(runs: Sequence[Scrub]) -> Table:
    """Draw runs, a column for each: so all that is to be said fits on a terminal."""
    facts = list(map(_facts, runs))
    rows = ((name, *(one[name] for one in facts)) for name in (facts[0] if facts else ()))
    return drawn_table(("", *(run.cluster for run in runs)), rows)


def _facts(run: Scrub) -> dict[str, object]:
    return {
        "state": run.state if run.leg is None else f"{run.state} ({run.leg})",
        "copies seen": run.seen,
        "healthy": run.healthy,
        "sent to repair": run.repaired,
        "beyond repair": run.unrepairable,
        "unreadable": run.unreadable,
        "still to come": run.moving,
        "keys listed": run.listed,
        "orphans": run.orphans,
        "removed": run.removed,
        "unknown": run.unknown,
        "sealed": run.sealed,
        "without identity": run.unnamed,
        "read in full": f"{size_of(run.bytes_read)} ({'all' if run.full else run.share})",
        "all read since": run.oldest_full_reading and time_of(run.oldest_full_reading),
        "calls": run.calls,
        "began": time_of(run.started_at),
        "ended": run.ended_at and time_of(run.ended_at),
    }
