"""The calls about objects as values."""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import cast

import httpx

from mcos_client.api import paths
from mcos_client.api.call import Call, Repeat, given
from mcos_client.api.models import (
    Download,
    Elsewhere,
    ObjectPage,
    ObjectPlacement,
    ObjectStat,
    State,
    Written,
)
from mcos_client.errors import ContentCorrupted, NotFound, ObjectBeingDeleted

_METADATA = "x-object-meta-"


def list_object(
    container: str,
    *,
    prefix: str | None,
    delimiter: str | None,
    marker: str | None,
    limit: int | None,
) -> Call[ObjectPage]:
    query = {"prefix": prefix, "delimiter": delimiter, "marker": marker, "limit": limit}
    return Call(
        "GET",
        paths.with_query(paths.objects_path(container), query),
        lambda response: ObjectPage.from_json(response.json()),
        repeat=Repeat.ALWAYS,
    )


def write_object(
    method: str,
    container: str,
    name: str,
    content: bytes,
    *,
    content_type: str,
    metadata: Mapping[str, str],
    prefer: str | None,
    if_match: str | None,
    if_none_match: str | None,
    storage_policy: str | None,
) -> Call[Written]:
    """create_object (POST) or update_object (PUT); the content goes with its digest."""
    digest = b64encode(sha256(content).digest()).decode("ascii")
    headers = {
        "content-type": content_type,
        "content-digest": f"sha-256=:{digest}:",
        **{f"{_METADATA}{key}": value for key, value in metadata.items()},
        **given(
            {
                "prefer": prefer,
                "if-match": if_match,
                "if-none-match": if_none_match,
                "x-storage-policy": storage_policy,
            }
        ),
    }
    guarded = if_none_match == "*" if method == "POST" else _names_one_content(if_match)
    return Call(
        method,
        paths.object_path(container, name),
        lambda response: Written.from_reply(response.json(), response.headers),
        headers=headers,
        content=content,
        repeat=Repeat.GUARDED if guarded else Repeat.IF_NOT_DONE,
    )


def stat_object(container: str, name: str, *, wait: int | None = None) -> Call[ObjectStat]:
    return Call(
        "GET",
        paths.with_query(paths.stat_path(container, name), {"wait": wait}),
        lambda response: ObjectStat.from_json(response.json()),
        repeat=Repeat.ALWAYS,
    )


def locate_object(container: str, name: str) -> Call[ObjectPlacement]:
    return Call(
        "GET",
        paths.placement_path(container, name),
        lambda response: ObjectPlacement.from_json(response.json()),
        repeat=Repeat.ALWAYS,
    )


def download_object(
    container: str,
    name: str,
    *,
    range_: str | None,
    if_match: str | None,
    if_none_match: str | None,
) -> Call[Download | Elsewhere]:
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
    container: str, name: str, *, prefer: str | None, if_match: str | None
) -> Call[bool]:
    return Call(
        "DELETE",
        paths.object_path(container, name),
        lambda response: response.status_code == httpx.codes.NO_CONTENT,
        headers=given({"prefer": prefer, "if-match": if_match}),
        repeat=Repeat.ALWAYS,
        already={NotFound: True, ObjectBeingDeleted: False},
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
    """SHA-256 of the whole content, base64; None if it has not been digested yet."""
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
    """Whether an update is refused once it, or another one, was done.

    ``*`` holds for any content; an update under it, done a second time, would undo what somebody
    else wrote in between. So it does under ``If-None-Match``, whatever that names.
    """
    return if_match is not None and "*" not in if_match
