"""download_shared: GET /v1/shared/{link}"""

from functools import partial
from http import HTTPStatus

from chalicelib.shared.download_reply import reply_to_read
from chalicelib.shared.endpoint import endpoint
from chalicelib.shared.http import Request, Response
from mcos.calls.download_shared import download_shared
from mcos.errors import UnsafePath

_OWN = ("x-object-meta-", "x-mcos-state", "x-mcos-version", "x-mcos-replicas")
"""What beginnings of headers are for the account alone."""

# Caches would give it on after the share has ended; the next page must not be told the link.
_SHARED = {"Cache-Control": "private, no-cache", "Referrer-Policy": "no-referrer"}

_REDIRECTED = {**_SHARED, "Cache-Control": "no-store"}


# Never by an eventually consistent read: a share that was ended must be so at once.
@endpoint("download_shared", needs_token=False)
def handle(request: Request) -> Response:
    reply = reply_to_read(request, partial(download_shared, _link(request)))
    own = {
        name: value
        for name, value in reply.headers.items()
        if not name.lower().startswith(_OWN) and name.lower() != "cache-control"
    }
    shared = _REDIRECTED if reply.status == HTTPStatus.TEMPORARY_REDIRECT else _SHARED
    return Response(reply.status, {**own, **shared}, reply.body)


def _link(request: Request) -> str:
    try:
        return request.name("link")
    except UnsafePath:
        return ""  # which is no link either
