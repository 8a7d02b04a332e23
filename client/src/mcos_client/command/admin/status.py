"""mcos admin status: what is wrong, and how the clusters are."""

from datetime import datetime

import typer

from mcos_client import ClusterStatus, Status
from mcos_client.command.shared.exit_codes import ExitCode
from mcos_client.command.shared.output import print_json, table, time_of
from mcos_client.command.shared.session import Json, Session, session_of


def status(context: typer.Context, json: Json = False) -> None:
    """Show what is wrong, by the names of its alarms, and the clusters. Ends with 1 if anything is.

    docs/runbook.md says what each name means and what to do.
    """
    session = session_of(context)
    with session.client() as client:
        found = client.admin.get_status()
    if session.json:
        print_json(session, found)
    elif not session.quiet:
        _print(session, found)
    if not found.well:
        raise typer.Exit(ExitCode.OTHER)


def _print(session: Session, found: Status) -> None:
    if found.well:
        session.console.print("all is well")
    else:
        rows = ((one.concern, one.cluster, one.reason) for one in found.findings)
        table(session, ("concern", "cluster", "reason"), rows)
    session.console.print()
    columns = ("cluster", "state", "checked", "journal", "watched", "oldest", "missing", "waiting")
    table(session, (*columns, "given up"), (_row(one, found.at) for one in found.clusters))


def _row(one: ClusterStatus, at: datetime) -> tuple[object, ...]:
    waiting = " ".join(f"{queue.name} {queue.ready + queue.held}" for queue in one.queues)
    times = (one.checked_at, one.journal_at, one.watched_at)
    return (
        one.name,
        one.state,
        *(time and _ago(time, at) for time in times),
        _seconds(one.unsettled_seconds),
        _seconds(one.missing_seconds),
        waiting or None,
        sum(queue.dead_letters for queue in one.queues),
    )


def _ago(time: datetime, at: datetime) -> str:
    """Write how long ago a time was; longer than a day ago, write the time."""
    seconds = round((at - time).total_seconds())
    return time_of(time) if seconds > 24 * 3600 else f"{_seconds(max(seconds, 0)) or '0 s'} ago"


def _seconds(seconds: int) -> str | None:
    if seconds < 120:
        return f"{seconds} s" if seconds else None
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
