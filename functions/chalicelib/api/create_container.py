"""create_container: PUT /v1/containers/{container}"""

from chalicelib.shared.containers import describe, read_retention_days
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
        retention_days=read_retention_days(request),
    )
    return Response.json(201 if made else 200, describe(container))
