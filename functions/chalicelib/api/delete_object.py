"""delete_object: DELETE /v1/containers/{container}/objects/{object+}"""

from chalicelib.shared.conditions import read_conditions
from chalicelib.shared.endpoint import endpoint
from chalicelib.shared.http import Request, Response
from chalicelib.shared.preferences import preference_applied, read_prefer
from mcos.calls.delete_object import delete_object
from mcos.model.objects import State


@endpoint("delete_object")
def handle(request: Request) -> Response:
    key = request.object_key()
    preference = read_prefer(request)
    delete_object(key, preference, read_conditions(request))
    if preference.mode == "wait":
        return Response(204, preference_applied(preference))
    _, container, name = key
    body = {"name": name, "container": container, "state": State.DELETING.value}
    return Response.json(202, body, preference_applied(preference))
