"""admin_objects: the calls under /v1/admin/objects"""

from collections.abc import Mapping
from typing import Any

from chalicelib.shared.http import Request, Response
from chalicelib.shared.json_body import fields, text
from chalicelib.shared.operators import dispatch, operation
from mcos.admin import objects
from mcos.model.objects import ObjectKey

_NAME = {"account": text, "container": text, "object": text}


@operation("verify_object")
def verify_object(request: Request) -> Response:
    version, replicas = objects.verify_object(_key(request))
    return Response.json(200, {"version": version, "replicas": [one._asdict() for one in replicas]})


@operation("repair_object")
def repair_object(request: Request) -> Response:
    version, clusters = objects.repair_object(_key(request))
    return Response.json(202, {"version": version, "clusters": clusters})


def _key(request: Request) -> ObjectKey:
    asked = fields(request, _NAME)
    return ObjectKey(asked["account"], asked["container"], asked["object"])


def _look(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Verify the object or repair it: these calls differ in the last part of the path."""
    is_repair = event["rawPath"].endswith("/repair")
    return (repair_object if is_repair else verify_object)(event, context)


handle = dispatch({("POST", None): _look})
