"""delete_object: DELETE /v1/containers/{container}/objects/{object+}"""

from chalicelib.shared.conditions import conditions
from chalicelib.shared.endpoint import endpoint
from chalicelib.shared.http import Request, Response
from chalicelib.shared.preferences import applied, prefer
from mcos.calls.delete_object import delete_object
from mcos.model.objects import State


@endpoint("delete_object")
def handle(request: Request) -> Response:
    key = request.object_key()
    preference = prefer(request)
    delete_object(key, preference, conditions(request))
    if preference.mode == "wait":
        return Response(204, applied(preference))
    _, container, name = key
    body = {"name": name, "container": container, "state": State.DELETING.value}
    return Response.json(202, body, applied(preference))
