"""GetObject, HeadObject, GetObjectAttributes."""

import asyncio
import hmac
from base64 import b64decode
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from hashlib import sha256

from mcos_client import AsyncClient, Download, ObjectStat
from mcos_client.api.models import Elsewhere
from mcos_client.errors import ContentCorrupted, ObjectChanged
from mcos_serve.exchange import Exchange, Reply, document
from mcos_serve.s3 import conditions, ranges
from mcos_serve.s3.errors import S3Error, not_implemented
from mcos_serve.s3.facts import METADATA
from mcos_serve.s3.requests import Request
from mcos_serve.s3.times import http
from mcos_serve.s3.xml import element, group
from mcos_serve.visible import readable

READINGS = 4
"""How often an object is looked for that is replaced meanwhile."""

_OVERRIDES = {
    "response-cache-control": "cache-control",
    "response-content-disposition": "content-disposition",
    "response-content-encoding": "content-encoding",
    "response-content-language": "content-language",
    "response-content-type": "content-type",
    "response-expires": "expires",
}

_ATTRIBUTES = ("ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize")


async def head_object(exchange: Exchange) -> Reply:
    """HEAD /bucket/key"""
    request = exchange.request
    check_version(request)
    found = await stat(exchange)
    conditions.check_reading(request.headers, found.etag, found.last_modified)
    part = _part_number(request, found)
    headers = _headers(request, found)
    bounds = _bounds(request, found.size)
    if bounds is not None or (part and found.size):
        first, end = bounds or (0, found.size)
        headers |= {
            "content-range": f"bytes {first}-{end - 1}/{found.size}",
            "content-length": str(end - first),
        }
        return Reply(206, headers)
    return Reply(200, {**headers, "content-length": str(found.size)})


async def get_object(exchange: Exchange) -> Reply:
    """GET /bucket/key"""
    request = exchange.request
    check_version(request)
    found, content = await _found(exchange)
    if not conditions.has_any(request.headers):
        conditions.check_reading(request.headers, found.etag, found.last_modified)
    part = _part_number(request, found)
    headers = _headers(request, found)
    bounds = _bounds(request, found.size)
    status = 200
    if bounds is not None or (part and found.size):
        first, end = bounds or (0, found.size)
        headers["content-range"] = f"bytes {first}-{end - 1}/{found.size}"
        status = 206
    else:
        first, end = 0, found.size
    headers["content-length"] = str(end - first)
    if isinstance(content, Download):
        if len(content.content) != end - first:
            raise ContentCorrupted("The content must be as long as the object.")
        return Reply(status, headers, content.content)
    return Reply(status, headers, _pieces(exchange, found, content, first, end))


async def get_object_attributes(exchange: Exchange) -> Reply:
    """GET /bucket/key?attributes"""
    request = exchange.request
    check_version(request)
    asked = [one.strip() for one in request.headers.get("x-amz-object-attributes", "").split(",")]
    if not set(asked) <= set(_ATTRIBUTES):
        raise S3Error("InvalidArgument", "Invalid attribute name specified.")
    found = await stat(exchange)
    checksum = group(
        "Checksum",
        element("ChecksumSHA256", found.sha256),
        element("ChecksumType", "FULL_OBJECT"),
    )
    _, _, parts = found.etag.strip('"').partition("-")
    told = {
        "ETag": element("ETag", found.etag.strip('"')),
        "Checksum": checksum if found.sha256 else "",
        "ObjectParts": group("ObjectParts", element("TotalPartsCount", parts)) if parts else "",
        "StorageClass": element("StorageClass", "STANDARD"),
        "ObjectSize": element("ObjectSize", found.size),
    }
    reply = document("GetObjectAttributesResponse", *(told[one] for one in told if one in asked))
    return Reply(200, {**reply.headers, "last-modified": http(found.last_modified)}, reply.content)


async def stat(exchange: Exchange) -> ObjectStat:
    """Return what the object of a request is.

    Raises
    ------
    McosError
    """
    bucket, key = exchange.request.bucket, exchange.request.key
    return readable(await exchange.account.ask(lambda mcos: mcos.stat_object(bucket, key)))


def check_version(request: Request) -> None:
    """Refuse a version that is not the one which every object has.

    Raises
    ------
    S3Error
    """
    version = request.query.get("versionId")
    if version not in (None, "null"):
        raise S3Error(
            "NoSuchVersion" if version else "InvalidArgument",
            "The version ID specified in the request does not match an existing version.",
        )


async def _found(exchange: Exchange) -> tuple[ObjectStat, Download | Elsewhere]:
    """Return what an object is, and its content or where that is: of one version."""
    request = exchange.request
    bucket, key = request.bucket, request.key
    wanted = ranges.read(request.header("range"))

    async def content(mcos: AsyncClient, if_match: str | None = None) -> Download | Elsewhere:
        range_ = None if wanted is None else wanted.header
        return await mcos.find_content(bucket, key, range_=range_, if_match=if_match)

    for _ in range(READINGS):
        if conditions.has_any(request.headers) or wanted is not None:
            # Asked for first: what is not wanted is not fetched.
            described = await stat(exchange)
            conditions.check_reading(request.headers, described.etag, described.last_modified)
            _bounds(request, described.size)
            found = await exchange.account.ask(content)
        else:
            described, found = await asyncio.gather(stat(exchange), exchange.account.ask(content))
        if described.version == found.version:
            return described, found
    raise ObjectChanged("Others keep replacing the object.")


def _bounds(request: Request, size: int) -> tuple[int, int] | None:
    wanted = ranges.read(request.header("range"))
    return None if wanted is None else wanted.within(size)


def _part_number(request: Request, found: ObjectStat) -> bool:
    """Whether the one part of an object is asked for, that has no more."""
    text = request.query.get("partNumber")
    if text is None:
        return False
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 10_000:
        raise S3Error("InvalidArgument", "Part number must be an integer between 1 and 10000.")
    if "-" in found.etag and not found.etag.endswith('-1"'):
        raise not_implemented("Reading one part of an object by its number")
    if text != "1":
        raise S3Error("InvalidPartNumber", "The requested partnumber is not satisfiable")
    return True


def _headers(request: Request, found: ObjectStat) -> dict[str, str]:
    headers = {
        "etag": found.etag,
        "last-modified": http(found.last_modified),
        "content-type": found.content_type,
        "accept-ranges": "bytes",
        **{name.lower(): value for name, value in found.headers.items()},
        **{f"{METADATA}{name}": value for name, value in found.metadata.items()},
    }
    is_whole = request.header("range") is None and "partNumber" not in request.query
    is_asked = request.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED"
    if is_asked and is_whole and found.sha256:
        headers |= {
            "x-amz-checksum-sha256": found.sha256,
            "x-amz-checksum-type": "FULL_OBJECT",
        }
    for name, header in _OVERRIDES.items():
        if name in request.query:
            headers[header] = _override(name, request.query[name])
    return headers


def _override(name: str, value: str) -> str:
    if not value.isascii() or not value.isprintable():
        raise S3Error("InvalidArgument", f"{name} must be printable ASCII.")
    return value


async def _pieces(
    exchange: Exchange, found: ObjectStat, where: Elsewhere, first: int, end: int
) -> AsyncGenerator[bytes, None]:
    """Yield bytes of content; the last ones of the whole only if all have its digest."""
    pieces = read_pieces(exchange, found.container, found.name, where, first, end)
    digest = where.sha256 or found.sha256
    if digest is None or (first, end) != (0, found.size):
        async for piece in pieces:
            yield piece
        return
    running, held = sha256(), b""
    async for piece in pieces:
        running.update(piece)
        if held:
            yield held
        held = piece
    if not hmac.compare_digest(running.digest(), b64decode(digest)):
        raise ContentCorrupted("The content's SHA-256 must be that of the object.")
    if held:
        yield held


async def read_pieces(
    exchange: Exchange, container: str, name: str, where: Elsewhere, first: int, end: int
) -> AsyncIterator[bytes]:
    """Yield bytes ``first`` to ``end``, exclusive, of what no call carries."""

    async def begin(mcos: AsyncClient) -> AsyncIterator[bytes]:
        return mcos.read_elsewhere(container, name, where, first, end)

    pieces = await exchange.account.ask(begin)
    async with aclosing(pieces) as coming:  # type: ignore[type-var]
        async for piece in coming:
            yield piece
