"""What a reader asks for, and the reply to it."""

import re
from collections.abc import Callable
from datetime import datetime

from chalicelib.shared.conditions import read_conditions, read_date
from chalicelib.shared.endpoint import tell
from chalicelib.shared.http import Request, Response
from chalicelib.shared.object_reply import content_headers
from chalicelib.shared.preferences import is_redirect_refused
from mcos.calls.download_object import ByteRange, Download
from mcos.model.concerns import Concern

_RANGE = re.compile(r"bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*")


def reply_to_read(request: Request, read: Callable[..., Download]) -> Response:
    """Read as the request asks for it, and return the reply.

    Parameters
    ----------
    read
        Takes what ``download_object`` takes beside the object.
    """
    download = read(
        conditions=read_conditions(request),
        byte_range=_byte_range(request),
        if_range=_if_range(request),
        redirect=not is_redirect_refused(request),
    )
    version = download.version
    if download.damaged:
        damaged = {"version": version.id, "clusters": download.damaged}
        tell(Concern.DAMAGE, len(download.damaged), **damaged)
    headers = content_headers(download.record, version)
    if download.url is not None:
        # Not to be cached: the URL is for this caller alone, and for a limited time.
        redirect = {"Location": download.url, "Cache-Control": "no-store"}
        # Without the headers of the content, which this reply has not.
        own = {*version.headers, "content-disposition"}
        headers = {name: one for name, one in headers.items() if name.lower() not in own}
        return Response(307, {**headers, **redirect})
    if download.content is None:
        return Response(304, headers)
    headers |= {"Content-Type": version.content_type, "Accept-Ranges": "bytes"}
    if download.part is None:
        return Response(200, headers, download.content)
    first, last = download.part
    headers["Content-Range"] = f"bytes {first}-{last}/{version.size}"
    return Response(206, headers, download.content)


def _if_range(request: Request) -> str | datetime | None:
    value = request.headers.get("if-range")
    return read_date(value) or value


def _byte_range(request: Request) -> ByteRange | None:
    """Return the requested range; None if there is none, several, or a malformed one (RFC 9110)."""
    found = _RANGE.fullmatch(request.headers.get("range", ""))
    if found is None or found.groups() == ("", ""):
        return None
    first, last = (int(text) if text else None for text in found.groups())
    if first is not None and last is not None and last < first:
        return None
    return ByteRange(first, last)
