"""stat_object: HEAD /v1/containers/{container}/objects/{object+}, or GET .../stat/{object+}"""

import re

from chalicelib.shared.conditions import read_conditions
from chalicelib.shared.endpoint import endpoint
from chalicelib.shared.http import Request, Response
from chalicelib.shared.object_reply import content_headers, describe, headers
from mcos import limits
from mcos.calls.stat_object import stat_object
from mcos.errors import InvalidQuery
from mcos.model.conditions import is_known


@endpoint("stat_object", only_reads=True)
def handle(request: Request) -> Response:
    key = request.object_key()
    if request.method != "HEAD":
        record = stat_object(key, wait_seconds=_wait(request))
        return Response.json(200, describe(record), headers(record, record.shown))
    # HEAD describes what a download would return now; only the JSON call has `wait`.
    record = stat_object(key)
    version = record.shown
    if is_known(read_conditions(request), version):
        return Response(304, content_headers(record, version))
    return Response(
        200,
        {
            **content_headers(record, version),
            "Content-Type": version.content_type,
            "Content-Length": str(version.size),
            "Accept-Ranges": "bytes",
        },
    )


def _wait(request: Request) -> int:
    """Return the query parameter ``wait`` in seconds; 0 if there is none.

    Raises
    ------
    InvalidQuery
    """
    text = request.query("wait")
    if not text:
        return 0
    least, most = limits.WAIT_SECONDS_MIN, limits.WAIT_SECONDS_MAX
    if not re.fullmatch("[0-9]{1,9}", text) or not least <= int(text) <= most:
        raise InvalidQuery(f"wait must be between {least} and {most} seconds.")
    return int(text)
