"""create_object: POST /v1/containers/{container}/objects/{object+}"""

from chalicelib.conditions import conditions
from chalicelib.content import content
from chalicelib.endpoint import endpoint
from chalicelib.http import Request, Response
from chalicelib.object_reply import written
from chalicelib.preferences import prefer
from chalicelib.storage_policy import storage_policy
from mcos.calls.create_object import create_object


@endpoint("create_object")
def handle(request: Request) -> Response:
    key = (request.account, request.name("container"), request.name("object"))
    preference = prefer(request)
    record = create_object(
        key,
        content(request),
        preference,
        conditions(request),
        storage_policy=storage_policy(request),
    )
    return written(record, preference, done=201)
