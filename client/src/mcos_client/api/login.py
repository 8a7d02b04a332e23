"""The call that proves who is calling."""

import httpx

from mcos_client.api.call import Call, Repeat
from mcos_client.api.models import Token


def login(user_name: str, password: str) -> Call[Token]:
    """Get a token, and use it from here on."""
    request = httpx.Request("POST", "/", json={"user_name": user_name, "password": password})
    return Call(
        "POST",
        "/v1/login",
        lambda response: Token.from_json(response.json()),
        headers={"content-type": "application/json"},
        content=request.content,
        authenticated=False,
        repeat=Repeat.ALWAYS,
    )
