"""list_container: GET /v1/containers"""

from chalicelib.shared.containers import describe
from chalicelib.shared.endpoint import endpoint
from chalicelib.shared.http import Request, Response
from mcos.calls.list_container import list_container


@endpoint("list_container", only_reads=True)
def handle(request: Request) -> Response:
    page = list_container(
        request.account,
        prefix=request.query("prefix"),
        marker=request.query("marker"),
        limit=request.limit(),
    )
    containers = [describe(one) for one in page.containers]
    return Response.json(200, {"containers": containers, "next_marker": page.more_after})
