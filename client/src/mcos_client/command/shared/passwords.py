"""Where a password comes from: never from the command line, which others can see."""

import sys
from typing import Annotated

import typer

PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


def ask_password(*, stdin: bool, confirm: bool = False) -> str:
    """Read a password from the first line of standard input, or ask for it.

    Raises
    ------
    typer.BadParameter
        It is empty.
    """
    if stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=confirm, err=True)
    if not password:
        raise typer.BadParameter("The password must not be empty.")
    return password
