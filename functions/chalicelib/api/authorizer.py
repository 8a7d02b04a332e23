"""What the routes of earlier releases ask who calls, until an upgrade has changed them.

Functions verify tokens themselves. While an upgrade goes on, a route still asks here, and the
function of the release before believes what it is told. Nothing else calls it.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.shared.endpoint import record
from chalicelib.shared.http import bearer
from mcos import clock
from mcos.auth.caller import verified
from mcos.errors import NotAuthenticated


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    started = clock.elapsed()
    request_id = event.get("requestContext", {}).get("requestId")
    try:
        claims = verified(bearer(event.get("headers") or {}))
    except NotAuthenticated as error:
        record("authorizer", error.code, started, request_id=request_id)
        return {"isAuthorized": True, "context": {"denied": error.code}}
    record("authorizer", "ok", started, request_id=request_id)
    return {"isAuthorized": True, "context": {"account": claims.account}}
