"""Where a password comes from: never from the command line, which others can see."""

from typing import Annotated

import typer

from mcos_client.command.shared.streams import standard_input

PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


def ask_password(*, stdin: bool, confirm: bool = False, prompt: str = "Password") -> str:
    """Read a password from the next line of standard input, or ask for it.

    Raises
    ------
    typer.BadParameter
        It is empty, or not UTF-8.
    OSError
        There is no standard input.
    """
    if stdin:
        try:
            password = standard_input().readline().decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            raise typer.BadParameter("The password must be UTF-8.") from None
    else:
        password = typer.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True)
    if not password:
        raise typer.BadParameter("The password must not be empty.")
    return password
