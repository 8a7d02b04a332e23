"""list_container: GET /v1/containers, and what the account uses: GET /v1/account"""

from collections.abc import Mapping
from typing import Any

from chalicelib.shared.containers import describe
from chalicelib.shared.endpoint import endpoint
from chalicelib.shared.http import Request, Response
from mcos.calls.list_container import list_container
from mcos.calls.stat_account import stat_account


@endpoint("list_container", only_reads=True)
def _list(request: Request) -> Response:
    page = list_container(
        request.account,
        prefix=request.query("prefix"),
        marker=request.query("marker"),
        limit=request.limit(),
    )
    containers = [describe(one) for one in page.containers]
    return Response.json(200, {"containers": containers, "next_marker": page.more_after})


@endpoint("stat_account")
def _stat(request: Request) -> Response:
    found = stat_account(request.account)
    return Response.json(200, {"used": found.used._asdict(), "quota": vars(found.quota)})


_ROUTES = {"GET /v1/account": _stat, "GET /v1/containers": _list}


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Answer a call; each path has one method."""
    # The path may have a prefix, of a stage or a mapping.
    return _ROUTES[event["routeKey"]](event, context)
