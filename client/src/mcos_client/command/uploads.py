"""mcos uploads: content on its way, and how to give it up."""

from typing import Annotated

import typer

from mcos_client.command.shared.output import print_json, say, size_of, table, time_of
from mcos_client.command.shared.session import Json, Session, session_of

app = typer.Typer(help="Uploads that are not complete.", rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def uploads(context: typer.Context, json: Json = False) -> None:
    """List uploads, or give one up."""
    if context.invoked_subcommand is None:
        _list(session_of(context), everything=False)


@app.command()
def ls(
    context: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Those that have become objects, too.")
    ] = False,
    json: Json = False,
) -> None:
    """List uploads, the oldest first. `mcos put --upload ID FILE` goes on with one."""
    _list(session_of(context), everything=everything)


@app.command()
def abort(
    context: typer.Context,
    upload: Annotated[str, typer.Argument(metavar="ID", help="Which one.")],
    json: Json = False,
) -> None:
    """Give up an upload, and remove all that was received of it."""
    session = session_of(context)
    with session.client() as client:
        client.abort_upload(upload)
    say(session, f"{upload} aborted", {"upload": upload, "state": "aborted"})


def _list(session: Session, *, everything: bool) -> None:
    with session.client() as client:
        found = [one for one in client.all_uploads() if everything or one.state == "OPEN"]
    if session.json:
        for one in found:
            print_json(session, one)
        return
    rows = (
        (
            one.upload,
            f"{one.container}/{one.name}",
            None if one.size is None else size_of(one.size),
            one.state,
            time_of(one.created_at),
            time_of(one.expires_at),
        )
        for one in found
    )
    if found:
        table(session, ("upload", "object", "size", "state", "begun", "expires"), rows)
