"""admin_deleted: the calls under /v1/admin/deleted"""

from chalicelib.shared.http import Request, Response
from chalicelib.shared.object_reply import describe, headers
from chalicelib.shared.operators import by_method, operation
from mcos.calls.purge_object import purge_object
from mcos.calls.undelete_object import undelete_object
from mcos.model.objects import ObjectKey


@operation("undelete_for")
def _undelete(request: Request) -> Response:
    record = undelete_object(_key(request), version_id=request.query("version") or None)
    return Response.json(200, describe(record), headers(record, record.shown))


@operation("purge_object")
def _purge(request: Request) -> Response:
    purged = purge_object(_key(request), version_id=request.query("version") or None)
    return Response.json(200, {"purged": purged})


handle = by_method({"POST": _undelete, "DELETE": _purge})


def _key(request: Request) -> ObjectKey:
    names = ("account", "container", "object")
    return ObjectKey(*(request.name(one) for one in names))
