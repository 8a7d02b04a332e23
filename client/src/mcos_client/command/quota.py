"""mcos quota: what the account uses, and what it may use."""

import typer

from mcos_client.command.shared.output import print_json, size_of, table
from mcos_client.command.shared.session import Json, session_of


def quota(context: typer.Context, json: Json = False) -> None:
    """Show what your account uses, and what it may use.

    What was deleted counts until it is removed. Usage is counted some seconds late.
    """
    session = session_of(context)
    with session.client() as client:
        found = client.stat_account()
    if session.json:
        print_json(session, found)
        return
    used, most = found.used, found.quota
    rows = (
        ("bytes", size_of(used.bytes), None if most.bytes is None else size_of(most.bytes)),
        ("objects", used.objects, most.objects),
        ("uploads", used.uploads, most.uploads),
        ("writes per second", None, most.writes_per_second),
    )
    table(session, ("", "used", "at most"), rows)
