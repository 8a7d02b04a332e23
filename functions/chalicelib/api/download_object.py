"""download_object: GET /v1/containers/{container}/objects/{object+}"""

from functools import partial

from chalicelib.shared.download_reply import reply_to_read
from chalicelib.shared.endpoint import endpoint
from chalicelib.shared.http import Request, Response
from mcos.calls.download_object import download_object


@endpoint("download_object", only_reads=True)
def handle(request: Request) -> Response:
    return reply_to_read(request, partial(download_object, request.object_key()))
