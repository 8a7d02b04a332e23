"""mcos passwd: change one's own password."""

import typer

from mcos_client.command.shared.output import say
from mcos_client.command.shared.passwords import PasswordStdin, ask_password
from mcos_client.command.shared.session import Json, session_of
from mcos_client.config import received, write_profile


def passwd(
    context: typer.Context, password_stdin: PasswordStdin = False, json: Json = False
) -> None:
    """Change your password; all other sessions end.

    Both passwords are asked for, or are two lines of standard input: the current one, the new one.
    """
    session = session_of(context)
    profile = session.profile
    current = ask_password(stdin=password_stdin, prompt="Current password")
    new = ask_password(stdin=password_stdin, prompt="New password", confirm=True)
    with session.client() as client:
        token = client.change_password(current, new)
    write_profile(session.config, session.profile_name, received(profile, token))
    told = {"user_name": profile.user_name, "profile": session.profile_name}
    say(session, f"changed the password of {profile.user_name}; all other sessions ended", told)
