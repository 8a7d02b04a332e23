"""CopyObject and UploadPartCopy."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from mcos_client import AsyncClient, Download, ObjectStat
from mcos_client.api.models import Elsewhere
from mcos_client.errors import ObjectChanged, Superseded
from mcos_serve.acknowledge import until_readable
from mcos_serve.exchange import Exchange, Reply, document
from mcos_serve.operations.multipart import part_of, store_part
from mcos_serve.operations.reading import READINGS, read_pieces
from mcos_serve.s3 import conditions, facts, ranges
from mcos_serve.s3.content import LARGEST_CONTENT
from mcos_serve.s3.errors import S3Error, not_implemented
from mcos_serve.s3.times import iso
from mcos_serve.s3.xml import element
from mcos_serve.visible import readable

_CONDITION = "x-amz-copy-source-"


@dataclass(frozen=True)
class Source:
    """What is to be copied."""

    container: str
    name: str


async def copy_object(exchange: Exchange) -> Reply:
    """PUT /bucket/key with x-amz-copy-source: MCOS copies, and no byte comes here."""
    request, source = exchange.request, source_of(exchange)
    how = facts.read(request)
    if_match, must_be_new = conditions.writing(request.headers)
    if if_match is not None:
        raise not_implemented("If-Match of a copy")
    directive = request.header("x-amz-metadata-directive") or "COPY"
    if directive not in ("COPY", "REPLACE"):
        raise S3Error("InvalidArgument", "Unknown metadata directive.")
    is_itself = (source.container, source.name) == (request.bucket, request.key)
    if is_itself and directive == "COPY":
        raise S3Error(
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without "
            "changing the object's metadata, storage class, website redirect location or "
            "encryption attributes.",
        )
    found = await stat_source(exchange, source)
    changes: dict[str, Any] = {}
    if directive == "REPLACE":
        changes = {
            "content_type": how.content_type,
            "metadata": {**dict.fromkeys(found.metadata), **how.metadata},
            "headers": {**{name.lower(): None for name in found.headers}, **how.headers},
        }
    is_replicated = exchange.settings.ack == "replicated"
    try:
        written = await exchange.account.ask(
            lambda mcos: mcos.copy_object(
                source.container,
                source.name,
                to_container=request.bucket,
                to_name=request.key,
                if_there="refuse" if must_be_new else "replace",
                version=found.version,
                prefer="wait=25" if is_replicated else "respond-async",
                **changes,
            )
        )
    except Superseded:
        pass  # it was accepted, and another one after it
    else:
        if is_replicated:
            await until_readable(exchange, written)
    return document(
        "CopyObjectResult",
        element("LastModified", iso(exchange.clock.now())),
        element("ETag", found.etag),
    )


async def upload_part_copy(exchange: Exchange) -> Reply:
    """PUT /bucket/key?partNumber&uploadId with x-amz-copy-source

    The bytes go through this gateway.
    """
    request = exchange.request
    source = source_of(exchange)
    part = await part_of(exchange)
    for _ in range(READINGS):
        found = await stat_source(exchange, source)
        header = request.header("x-amz-copy-source-range")
        first, end = ranges.read_copy_range(header, found.size) if header else (0, found.size)
        if end - first > LARGEST_CONTENT:
            raise S3Error("InvalidRequest", "The source of a part must have at most 5 GiB.")
        try:
            pieces = _pieces(exchange, source, found, first, end)
            etag = await store_part(exchange, part, pieces, end - first)
        except ObjectChanged:
            continue
        return document(
            "CopyPartResult",
            element("LastModified", iso(exchange.clock.now())),
            element("ETag", conditions.quoted(etag)),
        )
    raise ObjectChanged("Others keep replacing the source.")


def source_of(exchange: Exchange) -> Source:
    """Return what ``x-amz-copy-source`` names.

    Raises
    ------
    S3Error
    """
    header = exchange.request.headers["x-amz-copy-source"]
    path, _, query = header.partition("?")
    version = query.removeprefix("versionId=") if query else "null"
    try:
        text = unquote_to_bytes(path).decode("utf-8").removeprefix("/")
    except UnicodeDecodeError:
        text = ""
    container, _, name = text.partition("/")
    if not container or not name:
        raise S3Error(
            "InvalidArgument", "Copy Source must mention the source bucket and key: bucket/key"
        )
    if version != "null":
        raise S3Error("NoSuchVersion", "The specified version does not exist.")
    return Source(container, name)


async def stat_source(exchange: Exchange, source: Source) -> ObjectStat:
    """Return what a source is, if the request wants it.

    Raises
    ------
    S3Error, McosError
    """
    found = readable(
        await exchange.account.ask(lambda mcos: mcos.stat_object(source.container, source.name))
    )
    headers = exchange.request.headers
    conditions.check_reading(headers, found.etag, found.last_modified, prefix=_CONDITION)
    return found


async def _pieces(
    exchange: Exchange, source: Source, found: ObjectStat, first: int, end: int
) -> AsyncIterator[bytes]:
    if first == end:
        return
    range_ = f"bytes={first}-{end - 1}"

    async def content(mcos: AsyncClient) -> Download | Elsewhere:
        return await mcos.find_content(
            source.container, source.name, range_=range_, if_match=found.etag
        )

    where = await exchange.account.ask(content)
    if where.version != found.version:
        raise ObjectChanged("Another version replaced the source.")
    if isinstance(where, Download):
        yield where.content
        return
    async for piece in read_pieces(exchange, source.container, source.name, where, first, end):
        yield piece
