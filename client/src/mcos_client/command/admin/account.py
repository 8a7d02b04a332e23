"""mcos admin account: who may use it."""

from typing import Annotated

import typer

from mcos_client import Account
from mcos_client.api.admin import Role
from mcos_client.command.shared.output import print_json, say, table, time_of
from mcos_client.command.shared.passwords import PasswordStdin, ask_password
from mcos_client.command.shared.session import Json, session_of

app = typer.Typer(name="account", help="Who may use it.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the user.")]


@app.command()
def ls(context: typer.Context, json: Json = False) -> None:
    """List the accounts."""
    session = session_of(context)
    with session.client() as client:
        accounts = sorted(client.admin.all_accounts(), key=lambda one: one.user_name)
    if session.json:
        for one in accounts:
            print_json(session, one)
        return
    table(session, ("account", "role", "state", "created"), map(_row, accounts))


@app.command()
def add(
    context: typer.Context,
    name: Name,
    role: Annotated[Role, typer.Option(help="What it may do.")] = "user",
    password_stdin: PasswordStdin = False,
    json: Json = False,
) -> None:
    """Add an account; asks for its password."""
    session = session_of(context)
    password = ask_password(stdin=password_stdin, confirm=True)
    with session.client() as client:
        account = client.admin.create_account(name, password, role=role)
    say(session, f"{name} ({account.role}) added", account)


@app.command("set")
def set_(
    context: typer.Context,
    name: Name,
    role: Annotated[Role | None, typer.Option(help="What it may do.")] = None,
    enabled: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Whether it can log in.")
    ] = None,
    password: Annotated[
        bool, typer.Option("--password", help="Give it a new password; asks for it.")
    ] = False,
    password_stdin: PasswordStdin = False,
    json: Json = False,
) -> None:
    """Change an account. A new password, and disabling it, revoke its tokens."""
    session = session_of(context)
    new = password or password_stdin
    if role is None and enabled is None and not new:
        raise typer.BadParameter("Say what to set: --role, --enable, --disable or --password.")
    new_password = ask_password(stdin=password_stdin, confirm=True) if new else None
    with session.client() as client:
        account = client.admin.change_account(
            name, password=new_password, role=role, enabled=enabled
        )
    say(session, f"{name} ({account.role}) is {_state(account)}", account)


def _state(account: Account) -> str:
    return "enabled" if account.enabled else "disabled"


def _row(account: Account) -> tuple[object, ...]:
    return account.user_name, account.role, _state(account), time_of(account.created_at)
