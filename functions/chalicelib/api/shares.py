"""shares: the calls under /v1/shares"""

from typing import Any

from chalicelib.shared.endpoint import endpoint
from chalicelib.shared.http import Request, Response
from chalicelib.shared.json_body import fields, text, whole
from chalicelib.shared.operators import dispatch
from mcos import limits
from mcos.calls.end_share import end_share
from mcos.calls.list_share import list_share
from mcos.calls.share_object import share_object
from mcos.model.objects import ObjectKey
from mcos.model.shares import Share


@endpoint("share_object")
def _share(request: Request) -> Response:
    account = request.account
    given = fields(request, {"container": text, "object": text}, {"expires_in": whole})
    key = ObjectKey(account, given["container"], given["object"])
    made = share_object(key, seconds=given.get("expires_in", limits.SHARE_SECONDS))
    path = f"/v1/shared/{made.link}"
    headers = {"Location": path, "Cache-Control": "no-store"}
    return Response.json(201, {**_entry(made.share), "path": path}, headers)


@endpoint("list_share", only_reads=True)
def _list(request: Request) -> Response:
    page = list_share(request.account, marker=request.query("marker"), limit=request.limit())
    body = {"shares": [_entry(one) for one in page.shares], "next_marker": page.next_marker}
    return Response.json(200, body)


@endpoint("end_share")
def _end(request: Request) -> Response:
    end_share(request.account, request.name("share"))
    return Response(204)


def _entry(share: Share) -> dict[str, Any]:
    return {
        "share": share.id,
        "container": share.key.container,
        "object": share.key.name,
        "created_at": share.created_at,
        "expires_at": share.expires_at,
    }


handle = dispatch({("GET", None): _list, ("POST", None): _share, ("DELETE", "share"): _end})
