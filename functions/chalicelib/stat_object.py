"""stat_object: HEAD /v1/containers/{container}/objects/{object+}, or GET .../stat/{object+}"""

from chalicelib.endpoint import endpoint
from chalicelib.http import Request, Response
from chalicelib.object_reply import content_headers, described, headers
from mcos.calls.stat_object import stat_object


@endpoint("stat_object")
def handle(request: Request) -> Response:
    record = stat_object((request.account, request.name("container"), request.name("object")))
    version = record.shown
    if request.method != "HEAD":
        return Response.json(200, described(record), headers(record, version))
    return Response(
        200,
        {
            **content_headers(record, version),
            "Content-Type": version.content_type,
            "Content-Length": str(version.size),
            "Accept-Ranges": "bytes",
        },
    )
