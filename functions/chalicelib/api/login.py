"""login: POST /v1/login, and what becomes of a session: the one function that signs tokens."""

import json
from collections.abc import Mapping
from typing import Any

from chalicelib.shared.endpoint import endpoint
from chalicelib.shared.http import Request, Response
from chalicelib.shared.json_body import fields, text
from mcos import limits
from mcos.auth.tokens import Token
from mcos.calls import sessions
from mcos.calls.login import login
from mcos.errors import InvalidBody
from mcos.model.names import is_user_name

_FORM = 'The body must be JSON: {"user_name": "...", "password": "..."}.'
# Enough for the longest password with every character written as two JSON escapes.
_LONGEST = 16_384


def _named(request: Request) -> str | None:
    """Return whom a login names, for its line in the audit log."""
    try:
        user_name, _ = _credentials(request)
    except InvalidBody:
        return None
    # What is no name may be a password in the wrong place.
    return user_name if is_user_name(user_name) else None


@endpoint("login", needs_token=False, audited=True, who=_named)
def log_in(request: Request) -> Response:
    user_name, password = _credentials(request)
    return _reply(login(user_name, password, request.address))


@endpoint("refresh_token", audited=True)
def refresh_token(request: Request) -> Response:
    return _reply(sessions.refresh(request.claims))


@endpoint("logout", audited=True)
def logout(request: Request) -> Response:
    sessions.logout(request.claims)
    return Response(204)


@endpoint("change_password", audited=True)
def change_password(request: Request) -> Response:
    if len(request.body()) > 2 * _LONGEST:
        raise InvalidBody("The body is too long.")
    asked = fields(request, {"current_password": text, "new_password": text})
    current, new = asked["current_password"], asked["new_password"]
    return _reply(sessions.change_password(request.claims, current, new, request.address))


_ROUTES = {
    "POST /v1/login": log_in,
    "POST /v1/logout": logout,
    "POST /v1/token": refresh_token,
    "PUT /v1/password": change_password,
}


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Answer a call; each path has one method."""
    # The path may have a prefix, of a stage or a mapping.
    return _ROUTES[event["routeKey"]](event, context)


def _reply(token: Token) -> Response:
    return Response.json(
        200,
        {"token": token.token, "token_type": "Bearer", "expires_at": token.expires_at},
        {"Cache-Control": "no-store"},
    )


def _credentials(request: Request) -> tuple[str, str]:
    body = request.body()
    if len(body) > _LONGEST:
        raise InvalidBody(_FORM)
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidBody(_FORM) from None
    match value:
        case {"user_name": str(user_name), "password": str(password), **others} if (
            1 <= len(password) <= limits.PASSWORD_CHARACTERS and not others
        ):
            return user_name, password
    raise InvalidBody(_FORM)
