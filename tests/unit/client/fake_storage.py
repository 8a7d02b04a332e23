"""A storage service, as the holders of signed URLs know it."""

import re
from base64 import b64decode
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from hashlib import md5
from itertools import count
from threading import Lock

import httpx

PIECE = 64 * 1024


@dataclass
class Replica:
    """Bytes that a URL may be read from."""

    content: bytes = field(repr=False)


@dataclass
class Slot:
    """What a URL may be written to: content, or (``once``) nothing more when it is there.

    ``kept`` is False for what only counts: its content is forgotten, but for length and MD5.
    """

    size: int | None = None
    once: bool = False
    kept: bool = True
    content: bytes | None = field(default=None, repr=False)
    length: int = 0
    md5: str = ""
    puts: int = 0

    def take(self, content: bytes) -> None:
        self.content = content if self.kept else b""
        self.length, self.md5 = len(content), md5(content).hexdigest()
        self.puts += 1


@dataclass
class FakeStorage:
    """Signs URLs and answers for them, as long as they have not expired.

    Attributes
    ----------
    instead
        May answer first.
    leaks
        Requests that came with what is for the API only.
    """

    address: str = "http://storage.test"
    instead: Callable[[httpx.Request], httpx.Response | None] = lambda request: None
    requests: list[httpx.Request] = field(default_factory=list)
    leaks: list[httpx.Request] = field(default_factory=list)
    _signed: dict[str, Replica | Slot] = field(default_factory=dict)
    _expired: set[str] = field(default_factory=set)
    _numbers: Iterator[int] = field(default_factory=count)
    _lock: Lock = field(default_factory=Lock)

    def has(self, url: httpx.URL) -> bool:
        """Whether a URL is one of a storage service's."""
        return url.path.startswith("/signed/")

    def sign(self, thing: Replica | Slot) -> str:
        """A URL for it."""
        with self._lock:
            path = f"/signed/{next(self._numbers)}"
        self._signed[path] = thing
        return f"{self.address}{path}?signature=secret"

    def expire(self) -> None:
        """All URLs there are have expired."""
        self._expired = set(self._signed)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        # Without content, which may be large.
        self.requests.append(httpx.Request(request.method, request.url, headers=request.headers))
        if "authorization" in request.headers or "cookie" in request.headers:
            self.leaks.append(request)
            return httpx.Response(400, text="nothing but the signature")
        if (reply := self.instead(request)) is not None:
            return reply
        if request.url.path in self._expired or request.url.query != b"signature=secret":
            return httpx.Response(403, text="Request has expired")
        thing = self._signed[request.url.path]
        if isinstance(thing, Replica):
            return _read(request, thing)
        return _write(request, thing)

    def slot(self, request: httpx.Request) -> Slot:
        """What a request writes to."""
        thing = self._signed[request.url.path]
        assert isinstance(thing, Slot)
        return thing


def _read(request: httpx.Request, replica: Replica) -> httpx.Response:
    if request.method != "GET":
        return httpx.Response(405)
    size = len(replica.content)
    bounds = range_of(request, size)
    first, end = bounds or (0, size)
    headers = {"content-length": str(end - first)}
    if bounds is not None:
        headers["content-range"] = f"bytes {first}-{end - 1}/{size}"
    return httpx.Response(
        200 if bounds is None else 206,
        headers=headers,
        stream=Streamed(replica.content[first:end]),
    )


class Streamed(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that comes piece by piece; that of a connection that breaks ends ``after`` some."""

    def __init__(self, content: bytes, *, after: int | None = None) -> None:
        self._content = content
        self._after = after

    def __iter__(self) -> Iterator[bytes]:
        for first in range(0, len(self._content), PIECE):
            if self._after is not None and first >= self._after:
                raise httpx.ReadError("broken")
            yield self._content[first : first + PIECE]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


def _write(request: httpx.Request, slot: Slot) -> httpx.Response:
    if request.method != "PUT" or "content-length" not in request.headers:
        return httpx.Response(411)
    if slot.once and slot.content is not None:
        return httpx.Response(412)
    if slot.once and request.headers.get("if-none-match") != "*":
        return httpx.Response(403, text="the header is signed")
    content = request.content
    if slot.size not in (None, len(content)):
        return httpx.Response(403, text="the length is signed")
    told = request.headers.get("content-md5")
    if told is not None and b64decode(told) != md5(content).digest():
        return httpx.Response(400, text="BadDigest")
    slot.take(content)
    return httpx.Response(200, headers={"etag": f'"{slot.md5}"'})


def range_of(request: httpx.Request, size: int) -> tuple[int, int] | None:
    """First byte and end of the range that a request is for."""
    matched = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("range", ""))
    if matched is None:
        return None
    first, last = matched.groups()
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(int(last) + 1, size) if last else size
