"""create_object: POST /v1/containers/{container}/objects/{object+}"""

from chalicelib.shared.conditions import conditions
from chalicelib.shared.content import content
from chalicelib.shared.endpoint import endpoint
from chalicelib.shared.http import Request, Response
from chalicelib.shared.object_reply import written
from chalicelib.shared.preferences import prefer
from chalicelib.shared.storage_policy import storage_policy
from mcos.calls.create_object import create_object


@endpoint("create_object")
def handle(request: Request) -> Response:
    key = request.object_key()
    preference = prefer(request)
    record = create_object(
        key,
        content(request),
        preference,
        conditions(request),
        storage_policy=storage_policy(request),
    )
    return written(record, preference, done=201)
