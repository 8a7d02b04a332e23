"""mcos shares: what is shared by links, and how to end it."""

from typing import Annotated

import typer

from mcos_client.command.shared.output import print_json, say, table, time_of
from mcos_client.command.shared.session import Json, Session, session_of

app = typer.Typer(help="What is shared by links.", rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def shares(context: typer.Context, json: Json = False) -> None:
    """List shares, or end one."""
    if context.invoked_subcommand is None:
        _list(session_of(context))


@app.command()
def ls(context: typer.Context, json: Json = False) -> None:
    """List the shares that have not expired. Their links are known to who has them, only."""
    _list(session_of(context))


@app.command()
def end(
    context: typer.Context,
    share: Annotated[str, typer.Argument(metavar="ID", help="Which one.")],
    json: Json = False,
) -> None:
    """Let a link be of no use any more, at once."""
    session = session_of(context)
    with session.client() as client:
        client.end_share(share)
    say(session, f"{share} ended", {"share": share, "state": "ended"})


def _list(session: Session) -> None:
    with session.client() as client:
        found = sorted(client.all_shares(), key=lambda one: (one.created_at, one.share))
    if session.json:
        for one in found:
            print_json(
                session,
                {
                    "share": one.share,
                    "container": one.container,
                    "name": one.name,
                    "created_at": one.created_at.isoformat(),
                    "expires_at": one.expires_at.isoformat(),
                },
            )
        return
    rows = (
        (
            one.share,
            f"{one.container}/{one.name}",
            time_of(one.created_at),
            time_of(one.expires_at),
        )
        for one in found
    )
    if found:
        table(session, ("share", "object", "made", "expires"), rows)
