"""The Lambda authorizer, which finds the account of a bearer token.

It lets every request through and passes on what it found, because a refusal by the gateway cannot
be problem+json. Handlers get the account from ``Request.account``, which refuses requests without
a valid token.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.shared.endpoint import record
from chalicelib.shared.http import bearer
from mcos import clock
from mcos.auth import revocation, tokens
from mcos.catalog.access import accessing
from mcos.errors import NotAuthenticated


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    started = clock.elapsed()
    request_id = event.get("requestContext", {}).get("requestId")
    try:
        claims = tokens.claims_of(bearer(event.get("headers") or {}))
        # Who may only read is still let through where there are no strong reads.
        with accessing(may_be_stale=True):
            revocation.check(claims.account, claims.begun_at, claims.session)
    except NotAuthenticated as error:
        record("authorizer", error.code, started, request_id=request_id)
        return {"isAuthorized": True, "context": {"denied": error.code}}
    record("authorizer", "ok", started, request_id=request_id)
    return {"isAuthorized": True, "context": {"account": claims.account}}
