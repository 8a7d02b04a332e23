"""A client's way to the handlers of a cluster in this process."""

import httpx

from tests.support.cloud import Cloud


class Transport(httpx.BaseTransport):
    """Carries a client's requests to a cluster's handlers."""

    def __init__(self, cloud: Cloud, cluster: str) -> None:
        self._cloud, self._cluster = cloud, cluster

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        reply = self._cloud.call(
            self._cluster,
            request.method,
            request.url.raw_path.decode("ascii"),
            headers=request.headers,
            body=request.read(),
        )
        return httpx.Response(reply.status, headers=dict(reply.headers), content=reply.body)
