"""health: GET /v1/health"""

from chalicelib.shared.endpoint import endpoint
from chalicelib.shared.http import Request, Response
from mcos.calls.health import health


@endpoint("health", needs_token=False)
def handle(request: Request) -> Response:
    found = health()
    body = {"cluster": found.cluster, "release": found.release}
    return Response.json(200, body, {"Cache-Control": "no-store"})
