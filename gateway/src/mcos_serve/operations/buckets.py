"""ListBuckets, and what becomes of one bucket: a container of MCOS."""

import re

from mcos_client import Container
from mcos_client.errors import ContainerNotEmpty, NotFound
from mcos_serve.exchange import Exchange, Reply, document
from mcos_serve.s3.errors import S3Error, not_implemented
from mcos_serve.s3.facts import check_asked
from mcos_serve.s3.times import iso
from mcos_serve.s3.xml import LARGEST_BODY, element, group, read
from mcos_serve.visible import is_visible

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"[0-9]+(\.[0-9]+){3}")

EMPTYING_TRIES = 6
"""How often a bucket is tried to be deleted while what was in it is still on its way out."""

_LONGEST_PAUSE = 2.0


async def list_buckets(exchange: Exchange) -> Reply:
    """GET /"""
    query = exchange.request.query
    prefix, region = query.get("prefix", ""), query.get("bucket-region")
    most = _most(query.get("max-buckets", "10000"))
    marker: str | None = query.get("continuation-token") or None
    found: list[Container] = []
    more = True
    while more and len(found) < most:
        limit = min(1000, most - len(found))
        page = await exchange.account.ask(
            lambda mcos, at=marker, limit=limit: mcos.list_container(  # type: ignore[misc]
                prefix=prefix or None, marker=at, limit=limit
            )
        )
        found += page.containers
        marker, more = page.next_marker, page.next_marker is not None
    if region not in (None, exchange.settings.region):
        found, more = [], False
    buckets = [
        group(
            "Bucket",
            element("Name", one.name),
            element("CreationDate", iso(one.created_at)),
            element("BucketRegion", exchange.settings.region),
        )
        for one in found
    ]
    return document(
        "ListAllMyBucketsResult",
        owner(exchange),
        group("Buckets", *buckets),
        element("ContinuationToken", marker if more else None),
        element("Prefix", prefix or None),
    )


def _most(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 10_000:
        raise S3Error("InvalidArgument", "max-buckets must be between 1 and 10000.")
    return int(text)


def owner(exchange: Exchange, name: str = "Owner") -> str:
    """Return the element that says whose everything is."""
    account = exchange.account.name
    return group(name, element("ID", account), element("DisplayName", account))


async def create_bucket(exchange: Exchange) -> Reply:
    """PUT /bucket"""
    bucket = exchange.request.bucket
    check_asked(exchange.request)
    ownership = exchange.request.header("x-amz-object-ownership")
    if ownership not in (None, "BucketOwnerEnforced", "BucketOwnerPreferred"):
        raise not_implemented(f"The object ownership {ownership}")
    if not _NAME.fullmatch(bucket) or ".." in bucket or _ADDRESS.fullmatch(bucket):
        raise S3Error(
            "InvalidBucketName",
            "The specified bucket is not valid.",
            details={"BucketName": bucket},
        )
    body = await exchange.body.whole(LARGEST_BODY)
    if body.strip():
        read(body, "CreateBucketConfiguration")  # it may name any place: policies say where
    await exchange.account.ask(lambda mcos: mcos.create_container(bucket))
    return Reply(200, {"location": f"/{bucket}"})


async def head_bucket(exchange: Exchange) -> Reply:
    """HEAD /bucket"""
    await check_bucket(exchange)
    return Reply(200, {"x-amz-bucket-region": exchange.settings.region})


async def check_bucket(exchange: Exchange) -> None:
    """Refuse a bucket that does not exist.

    Raises
    ------
    McosError
    """
    bucket = exchange.request.bucket
    await exchange.account.ask(lambda mcos: mcos.list_object(bucket, limit=1))


async def delete_bucket(exchange: Exchange) -> Reply:
    """DELETE /bucket

    What nobody sees any more, or what could not be stored, does not keep it.
    """
    bucket = exchange.request.bucket
    for number in range(EMPTYING_TRIES):
        try:
            await exchange.account.ask(lambda mcos: mcos.delete_container(bucket))
        except ContainerNotEmpty:
            if number == EMPTYING_TRIES - 1 or not await _is_emptying(exchange):
                raise
            await exchange.clock.sleep(min(0.1 * 2**number, _LONGEST_PAUSE))
        else:
            break
    return Reply(204)


async def _is_emptying(exchange: Exchange) -> bool:
    """Whether all that a bucket holds is on its way out; what has failed goes now."""
    bucket = exchange.request.bucket
    page = await exchange.account.ask(lambda mcos: mcos.list_object(bucket))
    if page.next_marker is not None or any(map(is_visible, page.objects)):
        return False
    for one in page.objects:
        if one.state == "FAILED":
            try:
                await exchange.account.ask(
                    lambda mcos, name=one.name: mcos.delete_object(bucket, name)  # type: ignore[misc]
                )
            except NotFound:
                continue
    return True


async def get_bucket_location(exchange: Exchange) -> Reply:
    """GET /bucket?location"""
    await check_bucket(exchange)
    region = exchange.settings.region
    # The oldest region has no name here.
    told = "" if region == "us-east-1" else region
    return document("LocationConstraint", told)
