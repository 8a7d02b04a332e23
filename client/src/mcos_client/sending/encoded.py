"""Replies with their content as it was sent.

httpx decodes what has a ``Content-Encoding``. Here that is the user's own: the content is stored,
verified and given back as it was encoded.
"""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import cast

import httpx

from mcos_client.sending.bandwidth import Bandwidth, Pace

IDENTITY = {"accept-encoding": "identity"}
"""Headers of requests: nobody on the way is to encode a reply."""


def send(http: httpx.Client, request: httpx.Request, bandwidth: Bandwidth) -> httpx.Response:
    """Send a request, and read the reply to its end."""
    request.headers.update(IDENTITY)
    response = http.send(_paced(request, bandwidth.up), stream=True)
    try:
        # Not iter_raw(): a transport may have read it all already.
        pieces = bandwidth.down.pieces(cast(Iterable[bytes], response.stream))
        return _as_sent(response, b"".join(pieces))
    finally:
        response.close()


async def send_async(
    http: httpx.AsyncClient, request: httpx.Request, bandwidth: Bandwidth
) -> httpx.Response:
    """As ``send``."""
    request.headers.update(IDENTITY)
    response = await http.send(_paced(request, bandwidth.up), stream=True)
    try:
        coming = bandwidth.down.pieces_async(cast(AsyncIterable[bytes], response.stream))
        return _as_sent(response, b"".join([piece async for piece in coming]))
    finally:
        await response.aclose()


def _paced(request: httpx.Request, pace: Pace) -> httpx.Request:
    """Make the same request, whose content goes no faster than that."""
    if not pace.is_limited or not request.content:
        return request
    return httpx.Request(
        request.method, request.url, headers=request.headers, stream=_Paced(request.content, pace)
    )


class _Paced(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, content: bytes, pace: Pace) -> None:
        self._content = content
        self._pace = pace

    def __iter__(self) -> Iterator[bytes]:
        return self._pace.pieces((self._content,))

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._pace.pieces_async(_alone(self._content)):
            yield piece


async def _alone(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _as_sent(response: httpx.Response, content: bytes) -> httpx.Response:
    headers = [one for one in response.headers.raw if one[0].lower() != b"content-encoding"]
    return httpx.Response(
        response.status_code, headers=headers, content=content, request=response.request
    )
