"""mcos login: get a token, and keep it."""

from typing import Annotated

import typer

from mcos_client.command.shared.output import as_json, say, time_of
from mcos_client.command.shared.passwords import PasswordStdin, ask_password
from mcos_client.command.shared.session import Json, session_of
from mcos_client.config import Profile, received, write_profile


def login(
    context: typer.Context,
    urls: Annotated[
        list[str], typer.Argument(metavar="URL...", help="Entry points, the preferred one first.")
    ],
    user: Annotated[str, typer.Option(help="Name of the user.")],
    password_stdin: PasswordStdin = False,
    profile: Annotated[str | None, typer.Option(help="Keep it under this name.")] = None,
    json: Json = False,
) -> None:
    """Log in, and keep entry points and token (never the password) for the other commands."""
    session = session_of(context)
    for url in urls:
        if not url.startswith(("http://", "https://")):
            raise typer.BadParameter(f"{url!r} must be the URL of an entry point.")
    name = profile or session.profile_name
    password = ask_password(stdin=password_stdin)
    with session.client_at(tuple(urls)) as client:
        token = client.login(user, password)
    expires_at = as_json(token.expires_at)
    profile_of = received(Profile(tuple(urls), user, token.token, expires_at), token)
    write_profile(session.config, name, profile_of)
    say(
        session,
        f"logged in as {user} until {time_of(token.expires_at)}",
        {"user_name": user, "profile": name, "entry_points": urls, "expires_at": expires_at},
    )
