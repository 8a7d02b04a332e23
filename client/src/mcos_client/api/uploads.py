"""The calls about uploads as values, and what they answer.

All may be sent again: an upload whose begin was lost is not visible and expires, and completing
one twice is the same as once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Self

import httpx

from mcos_client.api.call import Call, Repeat, check_header, given, json_body
from mcos_client.api.method import Series
from mcos_client.api.models import Written
from mcos_client.api.paging import each
from mcos_client.api.paths import UPLOADS, upload_path, utf8, with_query
from mcos_client.api.writing import check_headers, check_metadata
from mcos_client.errors import NotFound

UploadState = Literal["OPEN", "TAKEN"]
UploadMethod = Literal["put", "parts"]
BeginAction = Literal["create", "update", "put"]
"""``put``: update the object, or create it if it is not there."""

Digest = Mapping[str, str]
"""``{"sha-256": ..., "md5": ...}`` of a whole content, base64."""

_JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class UploadPart:
    """A part: where to put it, and size and ETag (the quoted MD5) of its bytes if it is stored."""

    number: int
    size: int | None
    etag: str | None
    url: str

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(value["number"], value["size"], value["etag"], value["url"])


@dataclass(frozen=True)
class UploadPut:
    """Where the whole content is put, and the headers that have to go with it."""

    url: str
    headers: dict[str, str]

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(value["url"], dict(value["headers"]))


@dataclass(frozen=True)
class Upload:
    """Content on its way to become an object.

    Attributes
    ----------
    state
        OPEN until it is completed, then TAKEN: ``version`` names what it became.
    method
        ``put``: the whole content goes to ``put``; ``parts``: in pieces of ``part_size`` bytes.
    parts
        Those of the page that was asked for; ``next_marker`` asks for those behind them.
    """

    upload: str
    container: str
    name: str
    action: BeginAction
    size: int | None
    content_type: str
    metadata: dict[str, str]
    state: UploadState
    version: str | None
    created_at: datetime
    expires_at: datetime
    method: UploadMethod
    put: UploadPut | None
    part_size: int | None
    parts: tuple[UploadPart, ...]
    next_marker: str | None
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        put = value.get("put")
        return cls(
            upload=value["upload"],
            container=value["container"],
            name=value["object"],
            action=value["action"],
            size=value["size"],
            content_type=value["content_type"],
            metadata=dict(value["metadata"]),
            state=value["state"],
            version=value["version"],
            created_at=datetime.fromisoformat(value["created_at"]),
            expires_at=datetime.fromisoformat(value["expires_at"]),
            method=value["method"],
            put=None if put is None else UploadPut.from_json(put),
            part_size=value["part_size"],
            parts=tuple(UploadPart.from_json(one) for one in value.get("parts") or ()),
            next_marker=value.get("next_marker"),
            headers=dict(value.get("headers", {})),
        )


@dataclass(frozen=True)
class UploadPage:
    """A page of the account's uploads, without parts; the last one has no ``next_marker``."""

    uploads: tuple[Upload, ...]
    next_marker: str | None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            tuple(Upload.from_json(one) for one in value["uploads"]), value.get("next_marker")
        )


def begin_upload(
    container: str,
    name: str,
    *,
    action: BeginAction = "create",
    size: int | None = None,
    content_type: str | None = None,
    metadata: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    storage_policy: str | None = None,
    part_size: int | None = None,
    expires_in: int | None = None,
    digest: Digest | None = None,
    if_match: str | None = None,
    if_none_match: str | None = None,
) -> Call[Upload]:
    """Get signed URLs to send content to; ``upload`` does all of it.

    Parameters
    ----------
    size
        Bytes of the content; None if it is not known yet.
    part_size
        Bytes of each part but the last.
    expires_in
        Seconds until what is not complete is removed.
    """
    utf8(container), utf8(name)  # a name that cannot be sent is not the body's fault
    if content_type is not None:
        check_header("content-type", content_type)
    told = {
        "container": container,
        "object": name,
        "action": action,
        "size": size,
        "content_type": content_type,
        "metadata": check_metadata(metadata) or None,
        "headers": check_headers(headers) or None,
        "storage_policy": storage_policy,
        "part_size": part_size,
        "expires_in": expires_in,
        "digest": digest,
    }
    conditions = {"if-match": if_match, "if-none-match": if_none_match}
    return Call(
        "POST",
        UPLOADS,
        _read_upload,
        headers={**_JSON, **given(conditions)},
        content=json_body(given(told)),
        repeat=Repeat.ALWAYS,
    )


def stat_upload(
    upload: str, *, marker: str | None = None, limit: int | None = None
) -> Call[Upload]:
    """Get an upload, the parts of it that are stored, and new URLs for them."""
    path = with_query(upload_path(upload), {"marker": marker, "limit": limit})
    return Call("GET", path, _read_upload, repeat=Repeat.ALWAYS)


def list_upload(*, marker: str | None = None, limit: int | None = None) -> Call[UploadPage]:
    """Get one page of the account's uploads.

    A page may be empty and not be the last: that one has no ``next_marker``.
    """
    path = with_query(UPLOADS, {"marker": marker, "limit": limit})
    return Call(
        "GET",
        path,
        lambda response: UploadPage.from_json(response.json()),
        repeat=Repeat.ALWAYS,
    )


def all_uploads() -> Series[Upload]:
    """Go through the account's uploads, page by page, without their parts."""
    return each(lambda marker: list_upload(marker=marker), lambda page: page.uploads)


def complete_upload(
    upload: str,
    *,
    digest: Digest | None = None,
    parts: Sequence[tuple[int, str]] | None = None,
    if_match: str | None = None,
    if_none_match: str | None = None,
) -> Call[Written]:
    """Make a version of the content that an upload has received. May be repeated.

    Parameters
    ----------
    parts
        Numbers and ETags of those that become the content, by rising numbers, each but the last of
        5 MiB at least; None: all that were received, which have ``part_size`` bytes.
    if_match, if_none_match
        Conditions in place of those that the upload was begun with.
    """
    named = None if parts is None else [{"number": number, "etag": etag} for number, etag in parts]
    conditions = {"if-match": if_match, "if-none-match": if_none_match}
    return Call(
        "POST",
        f"{upload_path(upload)}/complete",
        _read_written,
        headers={**_JSON, **given(conditions)},
        content=json_body(given({"digest": digest, "parts": named})),
        repeat=Repeat.ALWAYS,
    )


def abort_upload(upload: str) -> Call[None]:
    """Give up an upload, and remove all that was received of it."""
    return Call(
        "DELETE",
        upload_path(upload),
        lambda response: None,
        repeat=Repeat.ALWAYS,
        already={NotFound: None},
    )


def _read_upload(response: httpx.Response) -> Upload:
    return Upload.from_json(response.json())


def _read_written(response: httpx.Response) -> Written:
    # An asynchronous answer; it need not name the replicas that are wanted.
    taken = {"x-mcos-replicas": "0/0", "preference-applied": "respond-async"}
    return Written.from_reply(response.json(), {**taken, **response.headers})
