"""Replies with their content as it was sent.

httpx decodes what has a ``Content-Encoding``. Here that is the user's own: the content is stored,
verified and given back as it was encoded.
"""

from collections.abc import AsyncIterable, Iterable
from typing import cast

import httpx

IDENTITY = {"accept-encoding": "identity"}
"""Headers of requests: nobody on the way is to encode a reply."""


def send(http: httpx.Client, request: httpx.Request) -> httpx.Response:
    """Send a request, and read the reply to its end."""
    request.headers.update(IDENTITY)
    response = http.send(request, stream=True)
    try:
        # Not iter_raw(): a transport may have read it all already.
        return _as_sent(response, b"".join(cast(Iterable[bytes], response.stream)))
    finally:
        response.close()


async def send_async(http: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    """As ``send``."""
    request.headers.update(IDENTITY)
    response = await http.send(request, stream=True)
    try:
        pieces = [piece async for piece in cast(AsyncIterable[bytes], response.stream)]
        return _as_sent(response, b"".join(pieces))
    finally:
        await response.aclose()


def _as_sent(response: httpx.Response, content: bytes) -> httpx.Response:
    headers = [one for one in response.headers.raw if one[0].lower() != b"content-encoding"]
    return httpx.Response(
        response.status_code, headers=headers, content=content, request=response.request
    )
