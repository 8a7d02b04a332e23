"""list_object: GET /v1/containers/{container}/objects"""

from chalicelib.shared.endpoint import endpoint
from chalicelib.shared.http import Request, Response
from chalicelib.shared.object_reply import list_entry
from mcos.calls.list_object import list_object


@endpoint("list_object", only_reads=True)
def handle(request: Request) -> Response:
    page = list_object(
        request.account,
        request.name("container"),
        prefix=request.query("prefix"),
        delimiter=request.query("delimiter"),
        marker=request.query("marker"),
        limit=request.limit(),
    )
    body = {
        "objects": [list_entry(record) for record in page.objects],
        "common_prefixes": page.common_prefixes,
        "next_marker": page.next_marker,
    }
    return Response.json(200, body)
