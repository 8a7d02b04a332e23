"""Requests to storage services under signed URLs, without a thread: see ``sending.storage``."""

from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

import httpx

from mcos_client.errors import StorageRefused, StorageUnreachable
from mcos_client.sending.attempts import SEND_FAILURES
from mcos_client.sending.encoded import IDENTITY
from mcos_client.sending.storage import check_range, checked, refused


async def put(
    http: httpx.AsyncClient,
    url: str,
    pieces: AsyncIterable[bytes],
    size: int,
    headers: Mapping[str, str],
) -> str | None:
    """Put content of ``size`` bytes, and give the ETag that the service has given it.

    If ``pieces`` raises, the service gets less than it was told, and keeps nothing.

    Raises
    ------
    StorageRefused, StorageUnreachable, and what ``pieces`` raises.
    """
    to = checked(url)
    sent = {**headers, "content-length": str(size)}
    with _reached(to):
        request = httpx.Request("PUT", to, headers=sent, content=pieces if size else b"")
        response = await http.send(request)
    if not response.is_success:
        raise refused(response)
    etag: str | None = response.headers.get("etag")
    return etag


@asynccontextmanager
async def get(
    http: httpx.AsyncClient, url: str, first: int, end: int, size: int
) -> AsyncIterator[AsyncIterator[bytes]]:
    """Get bytes ``first`` to ``end`` (exclusive) of content of ``size`` bytes, as they come.

    The iterator raises ``StorageUnreachable`` if other bytes, fewer or more come.

    Raises
    ------
    StorageRefused, StorageUnreachable
    """
    whole = (first, end) == (0, size)
    headers = dict(IDENTITY)
    if not whole:
        headers["range"] = f"bytes={first}-{end - 1}"
    at = checked(url)
    with _reached(at):
        response = await http.send(httpx.Request("GET", at, headers=headers), stream=True)
    try:
        if not response.is_success:
            with _reached(at):
                await response.aread()
            raise refused(response)
        if not whole:
            check_range(response, first, size)
        yield _exactly(response, end - first)
    finally:
        await response.aclose()


async def _exactly(response: httpx.Response, count: int) -> AsyncIterator[bytes]:
    with _reached(response.url):
        async for piece in response.aiter_raw():
            count -= len(piece)
            if count < 0:
                break
            yield piece
    if count:
        raise StorageUnreachable(
            f"{response.url.host}: the content must have the length that was asked for"
        )


@contextmanager
def _reached(url: httpx.URL) -> Iterator[None]:
    try:
        yield
    except SEND_FAILURES as error:
        raise StorageUnreachable(str(error) or f"{url.host}: {type(error).__name__}") from error


FAILURES = (StorageRefused, StorageUnreachable)
"""After these another try, under a new URL, may succeed."""
