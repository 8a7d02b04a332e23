"""login: POST /v1/login"""

import json

from chalicelib.shared.endpoint import endpoint
from chalicelib.shared.http import Request, Response
from mcos import limits
from mcos.calls.login import login
from mcos.errors import InvalidBody

_FORM = 'The body must be JSON: {"user_name": "...", "password": "..."}.'
# Enough for the longest password with every character written as two JSON escapes.
_LONGEST = 16_384


@endpoint("login")
def handle(request: Request) -> Response:
    user_name, password = _credentials(request)
    token = login(user_name, password)
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
