"""The calls about uploads as values.

All may be sent again: an upload that nobody learned of is seen by nobody and expires, and to
complete one twice is the same as once.
"""

from collections.abc import Mapping
from json import dumps
from typing import Any, Literal

import httpx

from mcos_client.call import Call, Repeat
from mcos_client.errors import NotFound
from mcos_client.models import Written
from mcos_client.paths import UPLOADS, upload_path, with_query
from mcos_client.upload_models import Upload, UploadPage

BeginAction = Literal["create", "update"]

Digest = Mapping[str, str]
"""``{"sha-256": ..., "md5": ...}`` of a whole content, base64."""

_JSON = {"content-type": "application/json"}


def begin_upload(
    container: str,
    name: str,
    *,
    action: BeginAction,
    size: int | None,
    content_type: str | None,
    metadata: Mapping[str, str] | None,
    storage_policy: str | None,
    part_size: int | None,
    expires_in: int | None,
    digest: Digest | None,
    if_match: str | None,
    if_none_match: str | None,
) -> Call[Upload]:
    told = {
        "container": container,
        "object": name,
        "action": action,
        "size": size,
        "content_type": content_type,
        "metadata": metadata or None,
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
        headers={**_JSON, **{key: one for key, one in conditions.items() if one is not None}},
        content=_json({key: one for key, one in told.items() if one is not None}),
        repeat=Repeat.ALWAYS,
    )


def stat_upload(upload: str, *, marker: str | None, limit: int | None) -> Call[Upload]:
    path = with_query(upload_path(upload), {"marker": marker, "limit": limit})
    return Call("GET", path, _read_upload, repeat=Repeat.ALWAYS)


def list_upload(*, marker: str | None, limit: int | None) -> Call[UploadPage]:
    path = with_query(UPLOADS, {"marker": marker, "limit": limit})
    return Call(
        "GET",
        path,
        lambda response: UploadPage.from_json(response.json()),
        repeat=Repeat.ALWAYS,
    )


def complete_upload(upload: str, *, digest: Digest | None) -> Call[Written]:
    return Call(
        "POST",
        f"{upload_path(upload)}/complete",
        _read_written,
        headers=_JSON,
        content=_json({} if digest is None else {"digest": digest}),
        repeat=Repeat.ALWAYS,
    )


def abort_upload(upload: str) -> Call[None]:
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
    # An asynchronous answer; what replicas are wanted it need not say.
    taken = {"x-mcos-replicas": "0/0", "preference-applied": "respond-async"}
    return Written.from_reply(response.json(), {**taken, **response.headers})


def _json(value: Mapping[str, Any]) -> bytes:
    return dumps(value, ensure_ascii=False).encode()
