"""The calls that prove who is calling."""

from mcos_client.api.call import Call, Repeat, json_body
from mcos_client.api.models import Token
from mcos_client.errors import TokenRevoked

_JSON = {"content-type": "application/json"}


def login(user_name: str, password: str) -> Call[Token]:
    """Get a token, and use it from here on."""
    return Call(
        "POST",
        "/v1/login",
        lambda response: Token.from_json(response.json()),
        headers=_JSON,
        content=json_body({"user_name": user_name, "password": password}),
        authenticated=False,
        repeat=Repeat.ALWAYS,
    )


def refresh_token() -> Call[Token]:
    """Exchange the token for one that is good for an hour from now, and use that.

    Clients do it by themselves as long as they are used. It can be done until a week after the
    login; the old token stays good until it expires.
    """
    return Call(
        "POST",
        "/v1/token",
        lambda response: Token.from_json(response.json()),
        repeat=Repeat.ALWAYS,
    )


def logout() -> Call[None]:
    """End the session: its tokens can be exchanged no more, and end within 30 seconds."""
    return Call(
        "POST",
        "/v1/logout",
        lambda response: None,
        repeat=Repeat.ALWAYS,
        already={TokenRevoked: None},
    )


def change_password(current_password: str, new_password: str) -> Call[Token]:
    """Change one's own password, and use the token of a new session; all others end.

    Raises
    ------
    InvalidCredentials
        The current password is another one.
    InvalidBody
        The new one is too weak.
    """
    told = {"current_password": current_password, "new_password": new_password}
    return Call(
        "PUT",
        "/v1/password",
        lambda response: Token.from_json(response.json()),
        headers=_JSON,
        content=json_body(told),
    )
