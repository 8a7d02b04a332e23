"""mcos admin account: who may use it."""

from typing import Annotated

import typer

from mcos_client import Account
from mcos_client.api.admin import Role
from mcos_client.command.names.sizes import size
from mcos_client.command.shared.output import print_json, say, size_of, table, time_of
from mcos_client.command.shared.passwords import PasswordStdin, ask_password
from mcos_client.command.shared.session import Json, session_of

_NAMES = ("bytes", "objects", "uploads", "writes_per_second")

app = typer.Typer(name="account", help="Who may use it.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the user.")]


Quotas = Annotated[
    list[str] | None,
    typer.Option(
        "--quota",
        metavar="NAME=NUMBER",
        help="bytes (as 10G), objects, uploads or writes_per_second; none: without a limit.",
    ),
]


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
    table(session, ("account", "role", "state", "created", "quota"), map(_row, accounts))


@app.command()
def add(
    context: typer.Context,
    name: Name,
    role: Annotated[Role, typer.Option(help="What it may do.")] = "user",
    quota: Quotas = None,
    password_stdin: PasswordStdin = False,
    json: Json = False,
) -> None:
    """Add an account; asks for its password. What is no --quota is the deployment's default."""
    session = session_of(context)
    limits = _quota(quota)
    password = ask_password(stdin=password_stdin, confirm=True)
    with session.client() as client:
        account = client.admin.create_account(name, password, role=role, quota=limits or None)
    say(session, f"{name} ({account.role}) added", account)


@app.command("set")
def set_(
    context: typer.Context,
    name: Name,
    role: Annotated[Role | None, typer.Option(help="What it may do.")] = None,
    enabled: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Whether it can log in.")
    ] = None,
    quota: Quotas = None,
    default_quota: Annotated[
        bool, typer.Option("--default-quota", help="Let it have the deployment's default again.")
    ] = False,
    password: Annotated[
        bool, typer.Option("--password", help="Give it a new password; asks for it.")
    ] = False,
    password_stdin: PasswordStdin = False,
    json: Json = False,
) -> None:
    """Change an account. A new password, and disabling it, revoke its tokens.

    Given --quotas replace all that it had of its own.
    """
    session = session_of(context)
    new = password or password_stdin
    limits = _quota(quota)
    if limits and default_quota:
        raise typer.BadParameter("Say --quota or --default-quota, not both.")
    if role is None and enabled is None and not (new or limits or default_quota):
        raise typer.BadParameter(
            "Say what to set: --role, --enable, --disable, --quota, --default-quota or --password."
        )
    new_password = ask_password(stdin=password_stdin, confirm=True) if new else None
    with session.client() as client:
        account = client.admin.change_account(
            name,
            password=new_password,
            role=role,
            enabled=enabled,
            quota=limits if limits or default_quota else None,
        )
    say(session, f"{name} ({account.role}) is {_state(account)}", account)


def _state(account: Account) -> str:
    return "enabled" if account.enabled else "disabled"


def _row(account: Account) -> tuple[object, ...]:
    return (
        account.user_name,
        account.role,
        _state(account),
        time_of(account.created_at),
        " ".join(f"{name}={_shown(name, most)}" for name, most in account.quota.items()) or None,
    )


def _shown(name: str, most: float | None) -> str:
    if most is None:
        return "none"
    return size_of(int(most)).replace(" ", "") if name == "bytes" else f"{most:g}"


def _quota(given: list[str] | None) -> dict[str, float | None]:
    """Read the fields of a quota.

    Raises
    ------
    typer.BadParameter
    """
    found: dict[str, float | None] = {}
    for one in given or ():
        name, _, most = one.partition("=")
        if name not in _NAMES or not most:
            raise typer.BadParameter(f"{one!r} must be NAME=NUMBER, NAME one of {_NAMES}.")
        found[name] = None if most == "none" else _number(name, most)
    return found


def _number(name: str, most: str) -> float | None:
    if name == "bytes":
        return size(most)
    try:
        return float(most) if name == "writes_per_second" else int(most)
    except ValueError:
        raise typer.BadParameter(f"{most!r} must be a number.") from None
