"""delete_object: DELETE /v1/containers/{container}/objects/{object+}"""

from chalicelib.shared.conditions import read_conditions
from chalicelib.shared.endpoint import endpoint
from chalicelib.shared.http import Request, Response
from chalicelib.shared.preferences import preference_applied, read_prefer
from mcos.calls.delete_object import delete_object
from mcos.model.objects import State
from mcos.versions.make import Prefer


@endpoint("delete_object")
def handle(request: Request) -> Response:
    key = request.object_key()
    preference = read_prefer(request)
    if delete_object(key, preference, read_conditions(request)):
        return Response(204, preference_applied(preference))
    body = {"name": key.name, "container": key.container, "state": State.DELETING.value}
    return Response.json(202, body, preference_applied(Prefer("respond-async")))
