"""Requests to storage services, under URLs that the API has signed.

A signed URL is all that a request needs: no token ever goes there, and no redirect is followed.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus

import httpx

from mcos_client.errors import StorageRefused, StorageUnreachable
from mcos_client.sending.connection import Connection
from mcos_client.sending.encoded import IDENTITY

FAILURES = (StorageRefused, StorageUnreachable)
"""After these another try, under a new URL, may succeed."""

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


def put(
    connection: Connection, url: str, pieces: Iterator[bytes], size: int, headers: Mapping[str, str]
) -> str | None:
    """Put content, and give the ETag that the service has given it.

    Raises
    ------
    StorageRefused
        Its ``status`` says how; 412: the bytes are there already.
    StorageUnreachable
    """
    # Without Content-Length it would go in chunks, which S3 does not take.
    sent = {**headers, "content-length": str(size)}
    # An iterator without bytes would still be sent in chunks by some; nothing is nothing.
    to = checked(url)
    http = connection.http
    content = connection.bandwidth.up.pieces(pieces) if size else b""
    with _reached(to):
        request = httpx.Request("PUT", to, headers=sent, content=content)
        response = http.send(request)
    if not response.is_success:
        raise refused(response)
    etag: str | None = response.headers.get("etag")
    return etag


@contextmanager
def get(
    connection: Connection, url: str, first: int, end: int, size: int
) -> Iterator[Iterator[bytes]]:
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
    http, process = connection.http, os.getpid()
    with _reached(at):
        response = http.send(httpx.Request("GET", at, headers=headers), stream=True)
    try:
        if not response.is_success:
            with _reached(at):
                response.read()
            raise refused(response)
        if not whole:
            check_range(response, first, size)
        yield _exactly(connection, response, end - first, process)
    finally:
        if os.getpid() == process:
            response.close()


def _exactly(
    connection: Connection, response: httpx.Response, count: int, process: int
) -> Iterator[bytes]:
    told = response.headers.get("content-length")
    if told is not None and told != str(count):
        raise StorageRefused(
            f"The storage service must give {count} bytes, not {told!r}.",
            status=response.status_code,
        )
    # Raw: an object's Content-Encoding is for its reader. As it comes: bytes that are gathered to
    # larger pieces would be lost with the connection.
    pieces = connection.bandwidth.down.pieces(response.iter_raw())
    while True:
        connection.check()
        if os.getpid() != process:
            # What comes there is for the process that this one was forked from.
            raise StorageUnreachable(f"{response.url.host}: the connection is another process's")
        with _reached(response.url):
            piece = next(pieces, None)
        if piece is None:
            break
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
    except (httpx.RequestError, httpx.StreamError) as error:
        raise StorageUnreachable(str(error) or f"{url.host}: {type(error).__name__}") from error


def check_range(response: httpx.Response, first: int, size: int) -> None:
    """Refuse a reply that is not the range of ``size`` bytes which begins with ``first``."""
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


def checked(url: str) -> httpx.URL:
    """Refuse a URL that is not for the web, whatever a reply says."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError, ValueError):
        parsed = httpx.URL()
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise StorageRefused("A URL that the API signs must be a web address.")
    return parsed


def refused(response: httpx.Response) -> StorageRefused:
    """Make the failure that a reply is."""
    # Not the URL: its signature is a right, and errors end up in logs.
    return StorageRefused(
        f"The storage service {response.url.host} answers HTTP {response.status_code}.",
        status=response.status_code,
    )
