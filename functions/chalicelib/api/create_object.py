"""create_object: POST /v1/containers/{container}/objects/{object+}"""

from chalicelib.shared.conditions import read_conditions
from chalicelib.shared.content import read_content
from chalicelib.shared.endpoint import endpoint
from chalicelib.shared.http import Request, Response
from chalicelib.shared.object_reply import reply_to_write
from chalicelib.shared.preferences import read_prefer
from chalicelib.shared.storage_policy import read_storage_policy
from mcos.calls.create_object import create_object


@endpoint("create_object")
def handle(request: Request) -> Response:
    key = request.object_key()
    preference = read_prefer(request)
    record = create_object(
        key,
        read_content(request),
        preference,
        read_conditions(request),
        storage_policy=read_storage_policy(request),
    )
    return reply_to_write(record, preference, done=201)
