"""The listings of a bucket's objects: ListObjectsV2, ListObjects, ListObjectVersions."""

from base64 import b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from mcos_client import ListedObject, ObjectPage
from mcos_serve.exchange import Exchange, Reply, document
from mcos_serve.operations.buckets import owner
from mcos_serve.s3.errors import S3Error
from mcos_serve.s3.times import iso
from mcos_serve.s3.xml import element, group
from mcos_serve.visible import is_visible

MOST_KEYS = 1000
MOST_CALLS = 20
"""Of MCOS for one page: each may find hundreds of names that are folded into one prefix."""

LOOKAHEAD = 10
"""Entries that are looked at behind a full page, to know whether there is another page."""


@dataclass
class _Page:
    """Keys and prefixes, and behind which the next page begins (None: there is none)."""

    objects: list[ListedObject] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    next_marker: str | None = None

    def __len__(self) -> int:
        return len(self.objects) + len(self.prefixes)


async def list_objects_v2(exchange: Exchange) -> Reply:
    """GET /bucket?list-type=2"""
    query = exchange.request.query
    if query["list-type"] != "2":
        raise S3Error("InvalidArgument", "list-type must be 2.")
    token, after = query.get("continuation-token"), query.get("start-after", "")
    if token == "":
        raise S3Error("InvalidArgument", "The continuation token provided is incorrect")
    most, write = _most(exchange), writer(exchange)
    page = await _page(exchange, most, _marker(token) if token else after)
    has_owner = query.get("fetch-owner", "").lower() == "true"
    return document(
        "ListBucketResult",
        element("Name", exchange.request.bucket),
        element("Prefix", write(query.get("prefix", ""))),
        element("Delimiter", _written(write, query.get("delimiter"))),
        element("MaxKeys", most),
        element("EncodingType", query.get("encoding-type")),
        element("KeyCount", len(page)),
        element("IsTruncated", page.next_marker is not None),
        element("ContinuationToken", token),
        element("NextContinuationToken", _token(page.next_marker)),
        element("StartAfter", write(after) if after else None),
        *(_contents(exchange, one, write, has_owner=has_owner) for one in page.objects),
        *_common_prefixes(page, write),
    )


async def list_objects(exchange: Exchange) -> Reply:
    """GET /bucket"""
    query = exchange.request.query
    most, write = _most(exchange), writer(exchange)
    page = await _page(exchange, most, query.get("marker", ""))
    return document(
        "ListBucketResult",
        element("Name", exchange.request.bucket),
        element("Prefix", write(query.get("prefix", ""))),
        element("Marker", write(query.get("marker", ""))),
        element("NextMarker", _written(write, page.next_marker)),
        element("Delimiter", _written(write, query.get("delimiter"))),
        element("MaxKeys", most),
        element("EncodingType", query.get("encoding-type")),
        element("IsTruncated", page.next_marker is not None),
        *(_contents(exchange, one, write, has_owner=True) for one in page.objects),
        *_common_prefixes(page, write),
    )


async def list_object_versions(exchange: Exchange) -> Reply:
    """GET /bucket?versions: the one version that each object has."""
    query = exchange.request.query
    marker = query.get("key-marker", "")
    if query.get("version-id-marker") not in (None, "", "null"):
        raise S3Error("InvalidArgument", "Invalid version id specified")
    most, write = _most(exchange), writer(exchange)
    page = await _page(exchange, most, marker)
    versions = [
        group(
            "Version",
            element("Key", write(one.name)),
            element("VersionId", "null"),
            element("IsLatest", True),
            element("LastModified", iso(one.last_modified)),
            element("ETag", one.etag),
            element("Size", one.size),
            element("StorageClass", "STANDARD"),
            owner(exchange),
        )
        for one in page.objects
    ]
    is_truncated = page.next_marker is not None
    return document(
        "ListVersionsResult",
        element("Name", exchange.request.bucket),
        element("Prefix", write(query.get("prefix", ""))),
        element("KeyMarker", write(marker)),
        element("VersionIdMarker", query.get("version-id-marker", "")),
        element("NextKeyMarker", _written(write, page.next_marker)),
        element("NextVersionIdMarker", "null" if is_truncated else None),
        element("MaxKeys", most),
        element("Delimiter", _written(write, query.get("delimiter"))),
        element("EncodingType", query.get("encoding-type")),
        element("IsTruncated", is_truncated),
        *versions,
        *_common_prefixes(page, write),
    )


async def _page(exchange: Exchange, most: int, marker: str) -> _Page:
    """Gather a page: one of MCOS has what nobody sees too, and many names in one prefix."""
    page, at, calls = _Page(), marker or None, 0
    while True:
        found = await _ask(exchange, at, max(1, min(MOST_KEYS, most - len(page))))
        if most == 0:
            return page
        page.objects += filter(is_visible, found.objects)
        page.prefixes += [one for one in found.common_prefixes if one not in page.prefixes[-1:]]
        at, calls = found.next_marker, calls + 1
        if at is None or (len(page) and calls >= MOST_CALLS):
            page.next_marker = at
            return page
        if len(page) >= most:
            page.next_marker = at if await _has_more(exchange, at) else None
            return page


async def _has_more(exchange: Exchange, marker: str) -> bool:
    """Whether anything that is seen follows: names behind the prefix, and hidden ones, do not."""
    at: str | None = marker
    for _ in range(MOST_CALLS):
        found = await _ask(exchange, at, LOOKAHEAD)
        if found.common_prefixes or any(map(is_visible, found.objects)):
            return True
        at = found.next_marker
        if at is None:
            return False
    return True


async def _ask(exchange: Exchange, marker: str | None, limit: int) -> ObjectPage:
    bucket, query = exchange.request.bucket, exchange.request.query
    prefix, delimiter = query.get("prefix") or None, query.get("delimiter") or None
    return await exchange.account.ask(
        lambda mcos: mcos.list_object(
            bucket, prefix=prefix, delimiter=delimiter, marker=marker, limit=limit
        )
    )


def _most(exchange: Exchange) -> int:
    text = exchange.request.query.get("max-keys") or str(MOST_KEYS)
    if not text.isascii() or not text.isdigit() or len(text) > 10 or int(text) >= 2**31:
        raise S3Error("InvalidArgument", "max-keys must be a number from 0.")
    return min(int(text), MOST_KEYS)


def writer(exchange: Exchange) -> Callable[[str], str]:
    """Return how names are written: any name can be, if the client wants them as in a URL.

    Raises
    ------
    S3Error
    """
    encoding = exchange.request.query.get("encoding-type")
    if encoding not in (None, "url"):
        raise S3Error("InvalidArgument", "Invalid Encoding Method specified in Request")
    return (lambda name: quote(name, safe="/")) if encoding else (lambda name: name)


def _written(write: Callable[[str], str], name: str | None) -> str | None:
    return write(name) if name else None


def _contents(
    exchange: Exchange, found: ListedObject, write: Callable[[str], str], *, has_owner: bool
) -> str:
    return group(
        "Contents",
        element("Key", write(found.name)),
        element("LastModified", iso(found.last_modified)),
        element("ETag", found.etag),
        element("Size", found.size),
        owner(exchange) if has_owner else "",
        element("StorageClass", "STANDARD"),
    )


def _common_prefixes(page: _Page, write: Callable[[str], str]) -> list[str]:
    return [group("CommonPrefixes", element("Prefix", write(one))) for one in page.prefixes]


def _token(marker: str | None) -> str | None:
    return None if marker is None else urlsafe_b64encode(marker.encode()).decode("ascii")


def _marker(token: str) -> str:
    try:
        return b64decode(token.encode("ascii"), altchars=b"-_", validate=True).decode("utf-8")
    except (Base64Error, ValueError):
        raise S3Error("InvalidArgument", "The continuation token provided is incorrect") from None
