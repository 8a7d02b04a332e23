"""mcos admin job: what clusters work at."""

from typing import Annotated

import typer

from mcos_client import Job
from mcos_client.command.admin.options import Rate
from mcos_client.command.shared.output import print_json, say, table, time_of
from mcos_client.command.shared.session import Json, Session, session_of

app = typer.Typer(name="job", help="What clusters work at.", no_args_is_help=True)

JobId = Annotated[str, typer.Argument(metavar="JOB", help="Identifier of the job.")]


@app.command()
def ls(context: typer.Context, json: Json = False) -> None:
    """List the jobs, the newest first."""
    session = session_of(context)
    with session.client() as client:
        jobs = client.admin.list_jobs()
    if session.json:
        for one in jobs:
            print_json(session, one)
        return
    columns = ("job", "kind", "cluster", "state", "moved", "remaining", "stuck", "updated")
    table(session, columns, map(_row, jobs))


@app.command()
def show(context: typer.Context, job: JobId, json: Json = False) -> None:
    """Show a job, and how far it is."""
    session = session_of(context)
    with session.client() as client:
        tell_job(session, client.admin.get_job(job))


@app.command()
def stop(context: typer.Context, job: JobId, json: Json = False) -> None:
    """Stop a job; what was moved stays moved."""
    session = session_of(context)
    with session.client() as client:
        tell_job(session, client.admin.stop_job(job))


@app.command()
def rebalance(context: typer.Context, rate: Rate = None, json: Json = False) -> None:
    """Have replicas moved to where they would be placed now."""
    session = session_of(context)
    with session.client() as client:
        tell_job(session, client.admin.start_job("rebalance", rate=rate))


def tell_job(session: Session, job: Job) -> None:
    """Print a job."""
    about = job.kind if job.cluster is None else f"{job.kind} of {job.cluster}"
    remaining = "" if job.remaining is None else f", {job.remaining} objects remaining"
    stuck = f", {job.stuck} stuck" if job.stuck else ""
    say(session, f"{job.job}  {about}  {job.state}, {job.moved} moved{remaining}{stuck}", job)


def _row(job: Job) -> tuple[object, ...]:
    how_far = (job.state, job.moved, job.remaining, job.stuck)
    return (job.job, job.kind, job.cluster, *how_far, time_of(job.updated_at))
