"""create_object: POST /v1/containers/{container}/objects/{object+}, and .../copy/{object+}"""

from chalicelib.shared.conditions import read_conditions
from chalicelib.shared.content import read_content
from chalicelib.shared.copying import answer_copy, or_copy
from chalicelib.shared.endpoint import endpoint
from chalicelib.shared.http import Request, Response
from chalicelib.shared.object_reply import reply_to_write
from chalicelib.shared.preferences import read_prefer
from chalicelib.shared.storage_policy import read_storage_policy
from mcos.calls.create_object import create_object
from mcos.model.uploads import Action


@endpoint("create_object")
def _create(request: Request) -> Response:
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


@endpoint("create_by_copy")
def _copy(request: Request) -> Response:
    return answer_copy(request, Action.CREATE)


handle = or_copy(_create, _copy)
