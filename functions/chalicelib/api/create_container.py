"""create_container: PUT /v1/containers/{container}"""

from chalicelib.shared.endpoint import endpoint
from chalicelib.shared.http import Request, Response
from chalicelib.shared.storage_policy import read_storage_policy
from mcos.calls.create_container import create_container


@endpoint("create_container")
def handle(request: Request) -> Response:
    container, made = create_container(
        request.account,
        request.name("container"),
        storage_policy=read_storage_policy(request),
    )
    body = {
        "name": container.name,
        "created_at": container.created_at,
        "storage_policy": container.storage_policy,
    }
    return Response.json(201 if made else 200, body)
