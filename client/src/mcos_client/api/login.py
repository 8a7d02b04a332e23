"""The call that proves who is calling."""

from mcos_client.api.call import Call, Repeat, json_body
from mcos_client.api.models import Token


def login(user_name: str, password: str) -> Call[Token]:
    """Get a token, and use it from here on."""
    return Call(
        "POST",
        "/v1/login",
        lambda response: Token.from_json(response.json()),
        headers={"content-type": "application/json"},
        content=json_body({"user_name": user_name, "password": password}),
        authenticated=False,
        repeat=Repeat.ALWAYS,
    )
