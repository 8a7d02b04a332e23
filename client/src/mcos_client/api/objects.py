"""The calls about objects."""

from base64 import b64encode
from hashlib import sha256
from typing import Protocol, TypeVar, cast

import httpx

from mcos_client.api import paths
from mcos_client.api.call import Call, Repeat, given, json_body
from mcos_client.api.method import Procedure, Series, ask, pause
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
    Changes,
    Description,
    IfThere,
    Writing,
    check_headers,
    check_metadata,
    putting,
)
from mcos_client.errors import ContentCorrupted, NotFound, ObjectNotReady, ReplyMixedUp

JSON = "application/json"

_READY_PAUSE = 1.0
"""Seconds between two tries to copy what is not stored yet."""

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


def update_metadata(
    container: str,
    name: str,
    *,
    content_type: str | None = None,
    metadata: Changes | None = None,
    headers: Changes | None = None,
    if_match: str | None = None,
) -> Call[Written]:
    """Change what describes an object; its content, and so its ETag, stays.

    Parameters
    ----------
    metadata, headers
        New values by names; None removes the one that there is. What is not named stays.
    if_match
        ETag that the object must have.

    Returns
    -------
    The version that is described. It is that of an upload which is under way if there is one: then
    readers see the change with its content.
    """
    change = Description(content_type, metadata, headers)
    return Call(
        "PATCH",
        paths.object_path(container, name),
        lambda response: _about(
            container, name, Written.from_reply(response.json(), response.headers)
        ),
        headers=given({"content-type": JSON, "if-match": if_match}),
        content=json_body(change.as_json()),
    )


def copy_object(
    container: str,
    name: str,
    *,
    to_container: str | None = None,
    to_name: str | None = None,
    if_there: IfThere = "replace",
    content_type: str | None = None,
    metadata: Changes | None = None,
    headers: Changes | None = None,
    version: str | None = None,
    if_match: str | None = None,
    prefer: str | None = None,
    storage_policy: str | None = None,
    timeout: float = 600.0,
) -> Procedure[Written]:
    """Copy an object of any size to another one; its content never comes here.

    The copy has the source's content, ETag, type, metadata and headers, and is readable when this
    returns, whatever becomes of the source. Large content is taken asynchronously, whatever
    ``prefer`` says; ``wait_until_settled`` waits for it. An object that is copied onto itself stays
    where it is, and is described as ``update_metadata`` does.

    Parameters
    ----------
    to_container, to_name
        Where the copy is to be; each is that of the source if None.
    if_there
        What to do about an object that has the name there, as for ``put_object``.
    content_type, metadata, headers
        What the copy has different, as for ``update_metadata``.
    version, if_match
        Version and ETag that the source must have.
    storage_policy
        Rule of the copy's placement; that of the object, or of the container, if None.
    timeout
        Seconds to wait until a large source, which was taken a moment ago, is stored.

    Raises
    ------
    ObjectNotFound
        There is no source; or no object to be replaced, which was required.
    ObjectExists, PreconditionFailed
        There is an object, which had to be refused; or the source is another one.
    ObjectNotReady
        The source is not stored yet.
    """
    how = putting(if_there, storage_policy=storage_policy)
    target = (to_container or container, to_name or name)
    body = {
        "source": {
            "container": container,
            "object": name,
            **given({"version": version, "if_match": if_match}),
        },
        **Description(content_type, metadata, headers).as_json(),
    }
    query = {"if_missing": "create" if how.action == "replace" else None}
    call = Call(
        "POST" if how.action == "create" else "PUT",
        paths.with_query(paths.copy_path(*target), query),
        lambda response: _about(*target, Written.from_reply(response.json(), response.headers)),
        headers={
            "content-type": JSON,
            **given({"prefer": prefer, "x-storage-policy": storage_policy}),
            **how.conditions,
        },
        content=json_body(body),
        repeat=Repeat.GUARDED if how.is_guarded else Repeat.IF_NOT_DONE,
    )
    began = now = yield from pause(0.0)
    while True:
        try:
            return (yield from ask(call))
        except ObjectNotReady:
            if now - began > timeout:
                raise
        now = yield from pause(_READY_PAUSE)


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
