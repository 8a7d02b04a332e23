"""Requests to storage services, under URLs that the API has signed.

A signed URL is all that a request needs: no token ever goes there, and no redirect is followed.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus

import httpx

from mcos_client.errors import StorageRefused
from mcos_client.sending.connection import Connection

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


def put(
    connection: Connection, url: str, pieces: Iterator[bytes], size: int, headers: Mapping[str, str]
) -> str | None:
    """Put content, and give the ETag that the service has given it.

    Raises
    ------
    StorageRefused
        Its ``status`` says how; 412: the bytes are there already.
    httpx.TransportError
    """
    # Without Content-Length it would go in chunks, which S3 does not take.
    sent = {**headers, "content-length": str(size)}
    # An iterator without bytes would still be sent in chunks by some; nothing is nothing.
    request = httpx.Request("PUT", _checked(url), headers=sent, content=pieces if size else b"")
    response = connection.http.send(request)
    if not response.is_success:
        raise _refused(response)
    etag: str | None = response.headers.get("etag")
    return etag


@contextmanager
def get(
    connection: Connection, url: str, first: int, end: int, size: int
) -> Iterator[Iterator[bytes]]:
    """Get bytes ``first`` to ``end`` (exclusive) of content of ``size`` bytes, as they come.

    The iterator raises ``httpx.RemoteProtocolError`` if other bytes, fewer or more come.

    Raises
    ------
    StorageRefused
    httpx.TransportError
    """
    whole = (first, end) == (0, size)
    headers = {"accept-encoding": "identity"}
    if not whole:
        headers["range"] = f"bytes={first}-{end - 1}"
    response = connection.http.send(
        httpx.Request("GET", _checked(url), headers=headers), stream=True
    )
    try:
        if not response.is_success:
            response.read()
            raise _refused(response)
        if not whole:
            _check_range(response, first, size)
        yield _exactly(connection, response, end - first)
    finally:
        response.close()


def _exactly(connection: Connection, response: httpx.Response, count: int) -> Iterator[bytes]:
    told = response.headers.get("content-length")
    if told is not None and int(told) != count:
        raise httpx.RemoteProtocolError(f"{told} bytes came, not {count}")
    # Raw: an object's Content-Encoding is for its reader. As it comes: bytes that are gathered to
    # larger pieces would be lost with the connection.
    for piece in response.iter_raw():
        connection.check()
        count -= len(piece)
        if count < 0:
            break
        yield piece
    if count:
        raise httpx.RemoteProtocolError("the content must have the length that was asked for")


def _check_range(response: httpx.Response, first: int, size: int) -> None:
    matched = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
    if (
        response.status_code != HTTPStatus.PARTIAL_CONTENT
        or matched is None
        or int(matched[1]) != first
        or matched[3] not in ("*", str(size))
    ):
        raise StorageRefused(
            "The storage service must give the range that it was asked for.",
            status=response.status_code,
        )


def _checked(url: str) -> httpx.URL:
    """Refuse a URL that is not for the web, whatever a reply says."""
    parsed = httpx.URL(url)
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise StorageRefused("A URL that the API signs must be a web address.")
    return parsed


def _refused(response: httpx.Response) -> StorageRefused:
    # Not the URL: its signature is a right, and errors end up in logs.
    return StorageRefused(
        f"The storage service {response.url.host} answers HTTP {response.status_code}.",
        status=response.status_code,
    )
