"""mcos logout: end the session, and forget its token."""

import typer

from mcos_client import McosError, NotAuthenticated
from mcos_client.command.shared.failures import report
from mcos_client.command.shared.output import say
from mcos_client.command.shared.session import Json, session_of
from mcos_client.config import remove_profile


def logout(context: typer.Context, json: Json = False) -> None:
    """End the session, and forget its token."""
    session = session_of(context)
    profile = session.profile
    failure: McosError | None = None
    try:
        with session.client() as client:
            client.logout()
    except NotAuthenticated:
        pass  # it had ended already
    except McosError as error:
        failure = error
    # Whatever the service says: who logs out leaves nothing behind here.
    remove_profile(session.config, session.profile_name)
    if failure is not None:
        session.note("the token is forgotten here, but its session could not be ended")
        raise typer.Exit(report(session, failure))
    told = {"user_name": profile.user_name, "profile": session.profile_name}
    say(session, f"logged out {profile.user_name}", told)
