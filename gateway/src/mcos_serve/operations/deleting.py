"""DeleteObject, DeleteObjects."""

import asyncio

from mcos_client.errors import McosError, NotFound
from mcos_serve.exchange import Exchange, Reply, document
from mcos_serve.failures import s3_error
from mcos_serve.operations.buckets import check_bucket
from mcos_serve.s3.conditions import quoted
from mcos_serve.s3.errors import S3Error, not_implemented
from mcos_serve.s3.xml import Node, element, group, malformed

MOST_KEYS = 1000
PARALLEL = 16

_WAIT = "wait=25"
"""What is deleted is no more in any listing once the client is told."""


async def delete_object(exchange: Exchange) -> Reply:
    """DELETE /bucket/key"""
    request = exchange.request
    version = request.query.get("versionId")
    if version in (None, "null"):
        await _delete(exchange, request.key, request.headers.get("if-match"))
    else:
        # No such version is there, and a delete of what is not there is done.
        await check_bucket(exchange)
    return Reply(204)


async def delete_objects(exchange: Exchange) -> Reply:
    """POST /bucket?delete"""
    expected = exchange.body.expected
    if not expected.has_digest and expected.sha256 is None:
        raise S3Error("InvalidRequest", "Missing required header for this request: Content-MD5")
    wanted = await exchange.xml("Delete")
    named = wanted.all("Object")
    if not 1 <= len(named) <= MOST_KEYS or not all(one.get("Key") for one in named):
        raise malformed()
    is_quiet = (wanted.get("Quiet") or "").strip().lower() == "true"
    await check_bucket(exchange)
    turns = asyncio.Semaphore(PARALLEL)

    async def delete(one: Node) -> str:
        async with turns:
            return await _deleted(exchange, one, is_quiet=is_quiet)

    return document("DeleteResult", *await asyncio.gather(*map(delete, named)))


async def _deleted(exchange: Exchange, one: Node, *, is_quiet: bool) -> str:
    key, version = one.get("Key") or "", one.get("VersionId")
    try:
        if any(one.get(name) for name in ("LastModifiedTime", "Size")):
            raise not_implemented("Deleting by time or by size")
        if version in (None, "", "null"):
            await _delete(exchange, key, one.get("ETag"))
    except (McosError, S3Error) as error:
        refused = error if isinstance(error, S3Error) else s3_error(error)
        return group(
            "Error",
            element("Key", key),
            element("VersionId", version),
            element("Code", refused.code),
            element("Message", refused.message),
        )
    if is_quiet:
        return ""
    return group("Deleted", element("Key", key), element("VersionId", version))


async def _delete(exchange: Exchange, key: str, if_match: str | None) -> None:
    """Delete an object; one that is not there is deleted."""
    bucket = exchange.request.bucket
    tag = None if if_match is None else quoted(if_match)
    try:
        await exchange.account.ask(
            lambda mcos: mcos.delete_object(bucket, key, prefer=_WAIT, if_match=tag)
        )
    except NotFound:
        if tag not in (None, "*"):
            raise
        await check_bucket(exchange)
