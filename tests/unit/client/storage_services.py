"""Staging and the clusters' storage services, as the holders of signed URLs know them.

That a signature is the right one is not looked at here: ``tests/functional`` does that.
"""

import re
from base64 import b64decode
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any
from urllib.parse import parse_qs, unquote

import httpx
from botocore.exceptions import ClientError

from tests.support.cloud import Cloud
from tests.support.environment import ALL_CLUSTERS, cluster_environment

PIECE = 8 * 1024

_BUCKETS = {cluster_environment(name)["MCOS_STAGING_BUCKET"]: name for name in ALL_CLUSTERS}
_STAGING = re.compile(rf"https://({'|'.join(_BUCKETS)})\.s3\.[a-z0-9-]+\.amazonaws\.com/([^\"?]*)")
_REPLICA = re.compile(rf"https://({'|'.join(ALL_CLUSTERS)})\.test/([^\"?]*)(?=\?)")


@dataclass
class StorageServices:
    """Answer for the URLs that were signed, as long as those have not expired.

    Attributes
    ----------
    address
        Where they are.
    instead
        May answer first.
    leaks
        Requests that came with what is for the API only.
    puts
        How often what was stored, by its number: of the parts of an upload, 0 is all of one.
    """

    cloud: Cloud
    lock: AbstractContextManager[Any]
    address: str = "http://storage.test"
    instead: Callable[[httpx.Request], httpx.Response | None] = lambda request: None
    requests: list[httpx.Request] = field(default_factory=list)
    leaks: list[httpx.Request] = field(default_factory=list)
    puts: Counter[int] = field(default_factory=Counter)
    _signed: set[tuple[str, str]] = field(default_factory=set)
    _expired: set[tuple[str, str]] = field(default_factory=set)

    def has(self, url: httpx.URL) -> bool:
        """Whether a URL is one of theirs."""
        return url.path.startswith(("/staging/", "/replicas/"))

    def hand_out(self, text: str) -> str:
        """A text with the URLs in it as they are reached here; they are good from now on."""
        text = _STAGING.sub(rf"{self.address}/staging/\1/\2", text)
        text = _REPLICA.sub(rf"{self.address}/replicas/\1/\2", text)
        found = re.findall(rf'{re.escape(self.address)}(/[^"?]*)\?([^"]*)', text)
        resources = {(unquote(path), _part_of(query)) for path, query in found}
        self._signed |= resources
        self._expired -= resources
        return text

    def expire(self) -> None:
        """Let all URLs expire that have been handed out."""
        self._expired |= self._signed

    def __call__(self, request: httpx.Request) -> httpx.Response:
        # Without content, which may be large.
        self.requests.append(httpx.Request(request.method, request.url, headers=request.headers))
        if "authorization" in request.headers or "cookie" in request.headers:
            self.leaks.append(request)
            return httpx.Response(400, text="nothing but the signature")
        return self.instead(request) or self.answer(request)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """What the service answers, whatever a test has instead."""
        resource = request.url.path, _part_of(request.url.query.decode())
        if resource not in self._signed or resource in self._expired:
            return httpx.Response(403, text="Request has expired")
        with self.lock, self.cloud.network.outside():
            return self._write(request) if request.method == "PUT" else self._read(request)

    def _read(self, request: httpx.Request) -> httpx.Response:
        _, kind, place, key = request.url.path.split("/", 3)
        if kind == "staging":
            version = parse_qs(request.url.query.decode())["versionId"][0]
            s3 = self.cloud.client("s3")
            content = s3.get_object(Bucket=place, Key=unquote(key), VersionId=version)[
                "Body"
            ].read()
        else:
            content, _ = self.cloud.backends[place].replicas[key]
        size, bounds = len(content), range_of(request, len(content))
        first, end = bounds or (0, size)
        headers = {"content-length": str(end - first)}
        if bounds is not None:
            headers["content-range"] = f"bytes {first}-{end - 1}/{size}"
        status = 200 if bounds is None else 206
        return httpx.Response(status, headers=headers, stream=Streamed(content[first:end]))

    def _write(self, request: httpx.Request) -> httpx.Response:
        _, _, bucket, key = request.url.path.split("/", 3)
        query = parse_qs(request.url.query.decode())
        signed = query["X-Amz-SignedHeaders"][0].split(";")
        if not {*signed, "content-length"} <= {*request.headers}:
            return httpx.Response(403, text="a header is signed, or the length is not told")
        content, told = request.content, request.headers.get("content-md5")
        if told is not None and b64decode(told) != md5(content).digest():
            return httpx.Response(400, text="BadDigest")
        named = {"Bucket": bucket, "Key": unquote(key), "Body": content}
        number = int(query.get("partNumber", ["0"])[0])
        s3 = self.cloud.client("s3")
        try:
            if number:
                reply = s3.upload_part(**named, PartNumber=number, UploadId=query["uploadId"][0])
            else:
                reply = s3.put_object(**named, IfNoneMatch=request.headers["if-none-match"])
        except ClientError as error:
            return httpx.Response(error.response["ResponseMetadata"]["HTTPStatusCode"])
        self.puts[number] += 1
        return httpx.Response(200, headers={"etag": reply["ETag"]})


class Streamed(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that comes piece by piece; that of a connection that breaks ends ``after`` some."""

    def __init__(self, content: bytes, *, after: int | None = None, piece: int = PIECE) -> None:
        self._content = content
        self._after = after
        self._piece = piece

    def __iter__(self) -> Iterator[bytes]:
        for first in range(0, len(self._content), self._piece):
            if self._after is not None and first >= self._after:
                raise httpx.ReadError("broken")
            yield self._content[first : first + self._piece]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


def _part_of(query: str) -> str:
    """The number of the part that a URL is for, empty if it is for all of it."""
    found = re.search("partNumber=([0-9]+)", query)
    return found[1] if found else ""


def range_of(request: httpx.Request, size: int) -> tuple[int, int] | None:
    """First byte and end of the range that a request is for."""
    matched = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("range", ""))
    if matched is None:
        return None
    first, last = matched.groups()
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(int(last) + 1, size) if last else size
