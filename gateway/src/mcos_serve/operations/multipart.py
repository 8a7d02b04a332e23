"""Multipart uploads: one of S3 is one upload of MCOS, whose id is its ``UploadId``."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from urllib.parse import quote

from mcos_client import Upload, UploadPart
from mcos_client.errors import McosError, Superseded, UploadIncomplete, UploadNotFound
from mcos_serve.acknowledge import until_readable
from mcos_serve.exchange import Exchange, Reply, document
from mcos_serve.failures import s3_error
from mcos_serve.operations.buckets import check_bucket, owner
from mcos_serve.operations.listing import writer
from mcos_serve.s3 import conditions, facts, xml
from mcos_serve.s3.content import LARGEST_CONTENT
from mcos_serve.s3.errors import S3Error, not_implemented
from mcos_serve.s3.times import iso
from mcos_serve.s3.xml import element, group

SMALLEST_PART = 5 * 1024**2
MOST_PARTS = 10_000
MOST_UPLOADS = 1000

SILENCE_SECONDS = 10.0
"""A completion that takes longer is answered at once, and with spaces until it is done."""


async def create_multipart_upload(exchange: Exchange) -> Reply:
    """POST /bucket/key?uploads"""
    request, how = exchange.request, facts.read(exchange.request)
    upload = await exchange.account.ask(
        lambda mcos: mcos.begin_upload(
            request.bucket,
            request.key,
            action="put",
            content_type=how.content_type,
            metadata=how.metadata,
            headers=how.headers,
        )
    )
    reply = document(
        "InitiateMultipartUploadResult",
        element("Bucket", request.bucket),
        element("Key", request.key),
        element("UploadId", upload.upload),
    )
    told = ("x-amz-checksum-algorithm", "x-amz-checksum-type")
    repeated = {name: request.headers[name] for name in told if name in request.headers}
    return Reply(200, {**reply.headers, **repeated}, reply.content)


async def upload_part(exchange: Exchange) -> Reply:
    """PUT /bucket/key?partNumber&uploadId"""
    size = exchange.body.expected.size
    if size is None:
        raise S3Error("MissingContentLength", "You must provide the Content-Length HTTP header.")
    if size > LARGEST_CONTENT:
        raise S3Error("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
    part = await part_of(exchange)
    etag = await store_part(exchange, part, exchange.body.pieces(), size)
    digest = exchange.body.incoming.digests.digest("md5").hex()
    if etag.strip('"') != digest:
        raise S3Error("InternalError", "The part was stored as other bytes. Please try again.")
    return Reply(200, {"etag": f'"{digest}"', **exchange.body.checksums})


async def store_part(
    exchange: Exchange, part: UploadPart, pieces: AsyncIterator[bytes], size: int
) -> str:
    """Store a part as it comes; return its ETag.

    Raises
    ------
    McosError, and what ``pieces`` raises
    """
    etag = await exchange.account.ask(lambda mcos: mcos.send_part(part.url, pieces, size))
    # Of nothing, nothing is asked for; what the client sends behind it must be looked at too.
    async for _ in pieces:
        raise AssertionError("a part has no more than its size")
    return etag or ""


async def part_of(exchange: Exchange) -> UploadPart:
    """Return where the part that a request names is stored.

    Raises
    ------
    S3Error, McosError
    """
    text = exchange.request.query.get("partNumber", "")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_PARTS:
        raise S3Error(
            "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive"
        )
    number = int(text)
    upload = await find(exchange, after=number - 1)
    found = [part for part in upload.parts if part.number == number]
    if not found:
        raise UploadNotFound("The upload takes no such part.")
    return found[0]


async def find(exchange: Exchange, *, after: int = 0, limit: int = 1) -> Upload:
    """Return the upload that a request names, with some of its parts.

    Raises
    ------
    McosError
        It has ended, or is one of another object.
    """
    request = exchange.request
    upload_id = request.query["uploadId"]
    upload = await exchange.account.ask(
        lambda mcos: mcos.stat_upload(upload_id, marker=str(after), limit=limit)
    )
    if (upload.container, upload.name) != (request.bucket, request.key):
        raise UploadNotFound("The upload is one of another object.")
    if upload.method != "parts":
        raise UploadNotFound("The upload has no parts.")
    return upload


async def complete_multipart_upload(exchange: Exchange) -> Reply:
    """POST /bucket/key?uploadId"""
    named = _named(await exchange.xml("CompleteMultipartUpload"))
    for name in exchange.request.headers:
        if name.startswith("x-amz-checksum-") and name != "x-amz-checksum-type":
            raise not_implemented("A checksum of all parts together")
    await find(exchange)
    await _check_object_size(exchange, named)
    completing = asyncio.create_task(_completed(exchange, named))
    done, _ = await asyncio.wait({completing}, timeout=SILENCE_SECONDS)
    if done:
        return completing.result()
    return Reply(200, {"content-type": "application/xml"}, _spaces(completing))


async def _spaces(completing: asyncio.Task[Reply]) -> AsyncGenerator[bytes, None]:
    """Yield spaces until it is done, then what came of it: the status was sent long ago."""
    try:
        while not completing.done():
            yield b" "
            await asyncio.wait({completing}, timeout=SILENCE_SECONDS)
        try:
            content = completing.result().content
        except (S3Error, McosError) as error:
            refused = error if isinstance(error, S3Error) else s3_error(error)
            content = xml.error(refused.code, refused.message, refused.details)
        if isinstance(content, bytes):
            yield content
    finally:
        completing.cancel()


async def _completed(exchange: Exchange, named: list[tuple[int, str]]) -> Reply:
    request = exchange.request
    upload_id = request.query["uploadId"]
    if_match, must_be_new = conditions.writing(request.headers)
    try:
        written = await exchange.account.ask(
            lambda mcos: mcos.complete_upload(
                upload_id,
                parts=named,
                if_match=if_match,
                if_none_match="*" if must_be_new else None,
            )
        )
    except UploadIncomplete as error:
        raise await _why(exchange, named) from error
    except Superseded:
        pass  # it was accepted, and another one after it
    else:
        await until_readable(exchange, written)
    host = request.headers.get("host", "")
    return document(
        "CompleteMultipartUploadResult",
        element("Location", f"{exchange.scheme}://{host}{quote(request.resource)}"),
        element("Bucket", request.bucket),
        element("Key", request.key),
        element("ETag", joined(named)),
    )


def joined(named: list[tuple[int, str]]) -> str:
    """Return the ETag of an object that is made of parts."""
    digests = b"".join(bytes.fromhex(etag.strip('"')) for _, etag in named)
    return f'"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(named)}"'


def _named(wanted: xml.Node) -> list[tuple[int, str]]:
    """Return the numbers and ETags of a list of parts."""
    found: list[tuple[int, str]] = []
    for part in wanted.all("Part"):
        number, etag = (part.get("PartNumber") or "").strip(), part.get("ETag")
        if not number.isascii() or not number.isdigit() or len(number) > 6 or etag is None:
            raise xml.malformed()
        found.append((int(number), conditions.quoted(etag)))
    numbers = [number for number, _ in found]
    if not 1 <= len(found) <= MOST_PARTS:
        raise xml.malformed()
    if numbers != sorted({*numbers}):
        raise S3Error(
            "InvalidPartOrder",
            "The list of parts was not in ascending order. Parts must be ordered by part number.",
        )
    if not all(_is_md5(etag) for _, etag in found) or not 1 <= numbers[0] <= numbers[-1] <= 10_000:
        raise s3_error(UploadIncomplete(""))
    return found


def _is_md5(etag: str) -> bool:
    text = etag.strip('"')
    return len(text) == 32 and all(one in "0123456789abcdef" for one in text)


async def _check_object_size(exchange: Exchange, named: list[tuple[int, str]]) -> None:
    """Refuse parts that do not have the size in all that the client has said."""
    text = exchange.request.header("x-amz-mp-object-size")
    if text is None:
        return
    sizes = {part.number: part.size or 0 async for part in _received(exchange, 0)}
    if text != str(sum(sizes.get(number, 0) for number, _ in named)):
        raise S3Error("InvalidRequest", "The size of the object does not match the parts.")


async def _why(exchange: Exchange, named: list[tuple[int, str]]) -> S3Error:
    """Say why parts cannot be joined."""
    received = {part.number: part async for part in _received(exchange, 0)}
    for number, etag in named:
        part = received.get(number)
        if part is None or part.etag != etag:
            told = {"UploadId": exchange.request.query["uploadId"], "PartNumber": str(number)}
            error = s3_error(UploadIncomplete(""))
            return S3Error(error.code, error.message, details={**told, "ETag": etag.strip('"')})
    return S3Error(
        "EntityTooSmall",
        "Your proposed upload is smaller than the minimum allowed size",
        details={"MinSizeAllowed": str(SMALLEST_PART)},
    )


async def _received(exchange: Exchange, after: int) -> AsyncIterator[UploadPart]:
    """Yield the parts that were received behind a number."""
    while after < MOST_PARTS:
        upload = await find(exchange, after=after, limit=1000)
        for part in upload.parts:
            if part.etag is not None:
                yield part
        if upload.next_marker is None:
            return
        after = int(upload.next_marker)


async def abort_multipart_upload(exchange: Exchange) -> Reply:
    """DELETE /bucket/key?uploadId"""
    await find(exchange)
    upload_id = exchange.request.query["uploadId"]
    await exchange.account.ask(lambda mcos: mcos.abort_upload(upload_id))
    return Reply(204)


async def list_parts(exchange: Exchange) -> Reply:
    """GET /bucket/key?uploadId"""
    request = exchange.request
    most = _number(exchange, "max-parts", 1000, 1000)
    after = _number(exchange, "part-number-marker", 0, 2**31)
    upload = await find(exchange)
    if upload.state != "OPEN":
        raise UploadNotFound("The upload is an object already.")
    found: list[UploadPart] = []
    async for part in _received(exchange, after):
        found.append(part)
        if len(found) > most:
            break
    shown = found[:most]
    is_truncated = len(found) > most
    return document(
        "ListPartsResult",
        element("Bucket", request.bucket),
        element("Key", writer(exchange)(request.key)),
        element("UploadId", upload.upload),
        element("PartNumberMarker", after),
        element("NextPartNumberMarker", shown[-1].number if shown else 0),
        element("MaxParts", most),
        element("EncodingType", request.query.get("encoding-type")),
        element("IsTruncated", is_truncated),
        *(
            group(
                "Part",
                element("PartNumber", part.number),
                # When it came, nobody knows: it is no earlier than its upload.
                element("LastModified", iso(upload.created_at)),
                element("ETag", part.etag),
                element("Size", part.size),
            )
            for part in shown
        ),
        owner(exchange, "Initiator"),
        owner(exchange),
        element("StorageClass", "STANDARD"),
    )


async def list_multipart_uploads(exchange: Exchange) -> Reply:
    """GET /bucket?uploads"""
    request = exchange.request
    query, write = request.query, writer(exchange)
    most = _number(exchange, "max-uploads", MOST_UPLOADS, MOST_UPLOADS)
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    marker = (query.get("key-marker", ""), query.get("upload-id-marker", ""))
    await check_bucket(exchange)
    uploads = sorted(
        (one for one in await _all_uploads(exchange) if one.name.startswith(prefix)),
        key=lambda one: (one.name, one.upload),
    )
    shown: list[Upload] = []
    prefixes: list[str] = []
    last, is_truncated = marker, False
    for one in uploads:
        cut = one.name.find(delimiter, len(prefix)) if delimiter else -1
        folded = one.name[: cut + len(delimiter)] if cut >= 0 else None
        if not _is_behind(one, folded, marker) or (folded and folded in prefixes):
            continue
        if len(shown) + len(prefixes) == most:
            is_truncated = True
            break
        if folded:
            prefixes.append(folded)
            last = (folded, "")
        else:
            shown.append(one)
            last = (one.name, one.upload)
    return document(
        "ListMultipartUploadsResult",
        element("Bucket", request.bucket),
        element("KeyMarker", write(marker[0])),
        element("UploadIdMarker", marker[1]),
        element("NextKeyMarker", write(last[0]) if is_truncated else None),
        element("NextUploadIdMarker", last[1] if is_truncated else None),
        element("Prefix", write(prefix)),
        element("Delimiter", write(delimiter) if delimiter else None),
        element("EncodingType", query.get("encoding-type")),
        element("MaxUploads", most),
        element("IsTruncated", is_truncated),
        *(
            group(
                "Upload",
                element("Key", write(one.name)),
                element("UploadId", one.upload),
                owner(exchange, "Initiator"),
                owner(exchange),
                element("StorageClass", "STANDARD"),
                element("Initiated", iso(one.created_at)),
            )
            for one in shown
        ),
        *(group("CommonPrefixes", element("Prefix", write(one))) for one in prefixes),
    )


def _is_behind(one: Upload, folded: str | None, marker: tuple[str, str]) -> bool:
    key, upload = marker
    if folded is not None:
        return folded > key
    return one.name > key or (one.name == key and bool(upload) and one.upload > upload)


async def _all_uploads(exchange: Exchange) -> list[Upload]:
    """Return the uploads of a bucket that S3 would have: in parts, and open."""
    found: list[Upload] = []
    marker: str | None = None
    while True:
        page = await exchange.account.ask(
            lambda mcos, at=marker: mcos.list_upload(marker=at, limit=1000)  # type: ignore[misc]
        )
        found += page.uploads
        marker = page.next_marker
        if marker is None:
            break
    bucket = exchange.request.bucket
    return [
        one for one in found if (one.container, one.method, one.state) == (bucket, "parts", "OPEN")
    ]


def _number(exchange: Exchange, name: str, default: int, most: int) -> int:
    text = exchange.request.query.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or len(text) > 10 or int(text) >= 2**31:
        raise S3Error("InvalidArgument", f"{name} must be a number from 0.")
    return min(int(text), most)
