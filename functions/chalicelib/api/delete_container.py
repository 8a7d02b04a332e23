"""delete_container: DELETE /v1/containers/{container}"""

from chalicelib.shared.endpoint import endpoint
from chalicelib.shared.http import Request, Response
from mcos.calls.delete_container import delete_container


@endpoint("delete_container")
def handle(request: Request) -> Response:
    delete_container(request.account, request.name("container"))
    return Response(204)
