"""The calls about objects."""

import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Protocol, TypeVar, cast

import httpx

from mcos_client.api import paths
from mcos_client.api.call import Call, Repeat, given, is_header_value
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
from mcos_client.errors import (
    ContentCorrupted,
    InvalidMetadata,
    NotFound,
    ObjectExists,
    ObjectNotFound,
    PreconditionFailed,
    ReplyMixedUp,
)

OCTET_STREAM = "application/octet-stream"

LARGEST_CALL = 4_500_000
"""Bytes of content that one call carries."""

LONGEST_NAME = 1024
"""Bytes of UTF-8 of an object's name."""

LONGEST_DELETE = 30.0
"""Seconds to wait for a delete that is under way to free a name."""

_METADATA = "x-object-meta-"
_METADATA_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


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


def create_object(
    container: str,
    name: str,
    content: bytes,
    *,
    content_type: str = OCTET_STREAM,
    metadata: Mapping[str, str] | None = None,
    prefer: str | None = None,
    if_match: str | None = None,
    if_none_match: str | None = None,
    storage_policy: str | None = None,
) -> Call[Written]:
    """Make an object of content that one call carries."""
    conditions = {"if-match": if_match, "if-none-match": if_none_match}
    return _write(
        "POST",
        container,
        name,
        content,
        {**_facts(content_type, metadata, prefer, storage_policy), **given(conditions)},
        guarded=if_none_match == "*",
    )


def update_object(
    container: str,
    name: str,
    content: bytes,
    *,
    content_type: str = OCTET_STREAM,
    metadata: Mapping[str, str] | None = None,
    prefer: str | None = None,
    if_match: str | None = None,
    if_none_match: str | None = None,
    storage_policy: str | None = None,
) -> Call[Written]:
    """Replace content, type and metadata of an object by content that one call carries."""
    conditions = {"if-match": if_match, "if-none-match": if_none_match}
    return _write(
        "PUT",
        container,
        name,
        content,
        {**_facts(content_type, metadata, prefer, storage_policy), **given(conditions)},
        guarded=_names_one_content(if_match),
    )


def replace_object(
    container: str,
    name: str,
    content: bytes,
    *,
    content_type: str = OCTET_STREAM,
    metadata: Mapping[str, str] | None = None,
    prefer: str | None = None,
    storage_policy: str | None = None,
) -> Procedure[Written]:
    """Make an object of content that one call carries, or replace the one that has its name."""
    how: dict[str, Any] = {
        "content_type": content_type,
        "metadata": metadata,
        "prefer": prefer,
        "storage_policy": storage_policy,
    }
    now = yield from pause(0.0)
    deadline = now + LONGEST_DELETE
    while True:
        try:
            # With a condition it may be repeated after a lost reply, without one it may not.
            made = create_object(container, name, content, if_none_match="*", **how)
            return (yield from ask(made))
        except (ObjectExists, PreconditionFailed):
            pass  # the update says whether it is there to stay
        try:
            return (yield from ask(update_object(container, name, content, **how)))
        except ObjectNotFound:
            now = yield from pause(0.0)
            if now > deadline:
                raise


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


def check_metadata(metadata: Mapping[str, str] | None) -> Mapping[str, str]:
    """Return metadata (none for None) that headers carry as they are.

    Raises
    ------
    InvalidMetadata
    """
    metadata = metadata or {}
    spellings: dict[str, str] = {}
    for name, value in metadata.items():
        if not _METADATA_NAME.fullmatch(name):
            raise InvalidMetadata(f"A metadata name must be an HTTP token, which {name!r} is not.")
        if not is_header_value(value):
            raise InvalidMetadata(
                f"Metadata {name!r} must be printable ASCII without spaces at its ends."
            )
        other = spellings.setdefault(name.lower(), name)
        if other != name:
            # They would be one header, of both values.
            raise InvalidMetadata(f"Metadata {other!r} and {name!r} must not be both given.")
    return metadata


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


def _facts(
    content_type: str,
    metadata: Mapping[str, str] | None,
    prefer: str | None,
    storage_policy: str | None,
) -> dict[str, str]:
    """Make the headers of a write, without its conditions.

    Content goes as bytes: gateways replace and escape what they hand over as text.
    """
    return {
        "content-type": OCTET_STREAM,
        "x-mcos-content-type": content_type,
        **{f"{_METADATA}{key}": value for key, value in check_metadata(metadata).items()},
        **given({"prefer": prefer, "x-storage-policy": storage_policy}),
    }


def _write(
    method: str,
    container: str,
    name: str,
    content: bytes,
    headers: Mapping[str, str],
    *,
    guarded: bool,
) -> Call[Written]:
    """Make the call; the content goes with its digest."""
    digest = b64encode(sha256(content).digest()).decode("ascii")
    return Call(
        method,
        paths.object_path(container, name),
        lambda response: _about(
            container, name, Written.from_reply(response.json(), response.headers)
        ),
        headers={**headers, "content-digest": f"sha-256=:{digest}:"},
        content=content,
        repeat=Repeat.GUARDED if guarded else Repeat.IF_NOT_DONE,
    )


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
            key.removeprefix(_METADATA): value
            for key, value in headers.items()
            if key.startswith(_METADATA)
        },
    )


def _names_one_content(if_match: str | None) -> bool:
    """Whether an update can be done only once: a second time the condition refuses it.

    ``*`` holds for any content, so a second update would undo another user's write in between. The
    same is true of any ``If-None-Match``.
    """
    return if_match is not None and "*" not in if_match
