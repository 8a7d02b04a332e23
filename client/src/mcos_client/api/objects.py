"""The calls about objects."""

from base64 import b64encode
from hashlib import sha256
from typing import Protocol, TypeVar, cast

import httpx

from mcos_client.api import paths
from mcos_client.api.call import Call, Repeat, given
from mcos_client.api.method import Series
from mcos_client.api.models import (
    DeletedObject,
    DeletedPage,
    Download,
    Elsewhere,
    ListedObject,
    ObjectPage,
    ObjectPlacement,
    ObjectStat,
    State,
    Written,
)
from mcos_client.api.paging import each
from mcos_client.api.writing import (
    METADATA_PREFIX,
    OCTET_STREAM,
    Writing,
    check_headers,
    check_metadata,
)
from mcos_client.errors import ContentCorrupted, NotFound, ReplyMixedUp

LARGEST_CALL = 4_500_000
"""Bytes of content that one call carries."""

LONGEST_NAME = 1024
"""Bytes of UTF-8 of an object's name."""


def list_object(
    container: str,
    *,
    prefix: str | None = None,
    delimiter: str | None = None,
    marker: str | None = None,
    limit: int | None = None,
) -> Call[ObjectPage]:
    """Get one page of a container's objects.

    A page may be empty and not be the last: that one has no ``next_marker``.
    """
    query = {"prefix": prefix, "delimiter": delimiter, "marker": marker, "limit": limit}
    return Call(
        "GET",
        paths.with_query(paths.objects_path(container), query),
        lambda response: ObjectPage.from_json(response.json()),
        repeat=Repeat.ALWAYS,
    )


def all_objects(container: str, *, prefix: str | None = None) -> Series[ListedObject]:
    """Go through a container's objects, page by page."""
    return each(
        lambda marker: list_object(container, prefix=prefix, marker=marker),
        lambda page: page.objects,
    )


def write_object(
    container: str, name: str, content: bytes, how: Writing, *, prefer: str | None = None
) -> Call[Written]:
    """Store content that one call carries; it goes with its digest.

    It goes as bytes: gateways replace and escape what they hand over as text.
    """
    digest = b64encode(sha256(content).digest()).decode("ascii")
    metadata = check_metadata(how.metadata)
    query = {"if_missing": "create" if how.action == "replace" else None}
    return Call(
        "POST" if how.action == "create" else "PUT",
        paths.with_query(paths.object_path(container, name), query),
        lambda response: _about(
            container, name, Written.from_reply(response.json(), response.headers)
        ),
        headers={
            "content-type": OCTET_STREAM,
            "x-mcos-content-type": how.content_type,
            **{f"{METADATA_PREFIX}{key}": value for key, value in metadata.items()},
            **check_headers(how.headers),
            **given({"prefer": prefer, "x-storage-policy": how.storage_policy}),
            **how.conditions,
            "content-digest": f"sha-256=:{digest}:",
        },
        content=content,
        repeat=Repeat.GUARDED if how.is_guarded else Repeat.IF_NOT_DONE,
    )


def stat_object(container: str, name: str, *, wait: int | None = None) -> Call[ObjectStat]:
    """Get what an object is, with every replica of it.

    Parameters
    ----------
    wait
        Seconds, 1 to 25, that the answer may take until the object is settled.
    """
    return Call(
        "GET",
        paths.with_query(paths.stat_path(container, name), {"wait": wait}),
        lambda response: _about(container, name, ObjectStat.from_json(response.json())),
        repeat=Repeat.ALWAYS,
    )


def locate_object(container: str, name: str) -> Call[ObjectPlacement]:
    """Get where an object is, where its next version would be, and why. It need not exist."""
    return Call(
        "GET",
        paths.placement_path(container, name),
        lambda response: _about(container, name, ObjectPlacement.from_json(response.json())),
        repeat=Repeat.ALWAYS,
    )


def download_object(
    container: str,
    name: str,
    *,
    range_: str | None = None,
    if_match: str | None = None,
    if_none_match: str | None = None,
) -> Call[Download | Elsewhere]:
    """Get an object's bytes, or where they are if no call carries them."""
    headers = {"range": range_, "if-match": if_match, "if-none-match": if_none_match}
    return Call(
        "GET",
        paths.object_path(container, name),
        _read_download,
        headers=given(headers),
        repeat=Repeat.ALWAYS,
        redirected=_read_redirect,
    )


def delete_object(
    container: str, name: str, *, prefer: str | None = None, if_match: str | None = None
) -> Call[bool]:
    """Delete an object.

    Returns
    -------
    True if that is done, False if it is taken and under way.
    """
    return Call(
        "DELETE",
        paths.object_path(container, name),
        lambda response: response.status_code == httpx.codes.NO_CONTENT,
        headers=given({"prefer": prefer, "if-match": if_match}),
        repeat=Repeat.ALWAYS,
        already={NotFound: True},
    )


def list_deleted(
    container: str,
    *,
    prefix: str | None = None,
    marker: str | None = None,
    limit: int | None = None,
) -> Call[DeletedPage]:
    """Get one page of a container's deleted objects that can be taken back.

    A page may be empty and not be the last: that one has no ``next_marker``.
    """
    query = {"prefix": prefix, "marker": marker, "limit": limit}
    return Call(
        "GET",
        paths.with_query(paths.deleted_path(container), query),
        lambda response: DeletedPage.from_json(response.json()),
        repeat=Repeat.ALWAYS,
    )


def all_deleted(container: str, *, prefix: str | None = None) -> Series[DeletedObject]:
    """Go through a container's deleted objects that can be taken back, page by page."""
    return each(
        lambda marker: list_deleted(container, prefix=prefix, marker=marker),
        lambda page: page.deleted,
    )


def undelete_object(container: str, name: str, *, version: str | None = None) -> Call[ObjectStat]:
    """Take back an object that was deleted, if no other has its name.

    Parameters
    ----------
    version
        Id of the version; None: the newest of those that were deleted.
    """
    return Call(
        "POST",
        paths.with_query(paths.undelete_path(container, name), {"version": version}),
        lambda response: _about(container, name, ObjectStat.from_json(response.json())),
        repeat=Repeat.ALWAYS,
    )


class _Named(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def container(self) -> str: ...


Found = TypeVar("Found", bound=_Named)


def _about(container: str, name: str, found: Found) -> Found:
    """Return what was found, if it is about the object that was asked for."""
    if (found.container, found.name) != (container, name):
        raise ReplyMixedUp(f"A reply about {name!r} must not be about {found.name!r}.")
    return found


def _read_redirect(response: httpx.Response) -> Elsewhere:
    headers = response.headers
    return Elsewhere(
        url=headers["location"],
        size=int(headers["x-mcos-content-length"]),
        etag=headers["etag"],
        sha256=_digest_of(headers),
        version=headers["x-mcos-version"],
    )


def _digest_of(headers: httpx.Headers) -> str | None:
    """Read the SHA-256 of the whole content, base64; None if it is not known yet."""
    told = headers.get("repr-digest")
    return None if told is None else told.removeprefix("sha-256=:").removesuffix(":")


def _read_download(response: httpx.Response) -> Download:
    headers = response.headers
    whole = response.status_code == httpx.codes.OK
    digest = _digest_of(headers)
    actual = b64encode(sha256(response.content).digest()).decode("ascii")
    if whole and digest not in (None, actual):
        raise ContentCorrupted(f"The content's SHA-256 is {actual}, not {digest}.")
    return Download(
        content=response.content,
        content_type=headers.get("content-type", ""),
        content_range=headers.get("content-range"),
        etag=headers["etag"],
        sha256=digest,
        version=headers["x-mcos-version"],
        state=cast(State, headers["x-mcos-state"]),
        metadata={
            key.removeprefix(METADATA_PREFIX): value
            for key, value in headers.items()
            if key.startswith(METADATA_PREFIX)
        },
    )
