"""deleted: GET /v1/containers/{container}/deleted, POST .../undelete/{object+}"""

from typing import Any

from chalicelib.shared.endpoint import endpoint
from chalicelib.shared.http import Request, Response
from chalicelib.shared.object_reply import describe, headers
from chalicelib.shared.operators import by_method
from mcos.calls.list_deleted import list_deleted
from mcos.calls.undelete_object import undelete_object
from mcos.model.deleted import Deleted


@endpoint("list_deleted")
def _list(request: Request) -> Response:
    page = list_deleted(
        request.account,
        request.name("container"),
        prefix=request.query("prefix"),
        marker=request.query("marker"),
        limit=request.limit(),
    )
    body = {"deleted": [_entry(one) for one in page.deleted], "next_marker": page.next_marker}
    return Response.json(200, body)


@endpoint("undelete_object")
def _undelete(request: Request) -> Response:
    version = request.query("version") or None
    record = undelete_object(request.object_key(), version_id=version)
    return Response.json(200, describe(record), headers(record, record.shown))


handle = by_method({"GET": _list, "POST": _undelete})


def _entry(one: Deleted) -> dict[str, Any]:
    version = one.kept.version
    return {
        "name": one.key.name,
        "version": version.id,
        "size": version.size,
        "etag": version.etag,
        "content_type": version.content_type,
        "deleted_at": one.kept.deleted_at,
        "removed_after": one.due_at,
    }
