"""uploads: the calls under /v1/uploads"""

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any

from chalicelib.shared.conditions import read_conditions
from chalicelib.shared.description import content_type, headers, metadata
from chalicelib.shared.endpoint import endpoint
from chalicelib.shared.http import Request, Response
from chalicelib.shared.json_body import Reader, fields, listed, one_of, record, text, whole
from chalicelib.shared.object_reply import reply_to_upload
from chalicelib.shared.operators import dispatch
from mcos import limits
from mcos.calls.abort_upload import abort_upload
from mcos.calls.begin_upload import UploadRequest, begin_upload
from mcos.calls.complete_upload import complete_upload
from mcos.calls.list_upload import list_upload
from mcos.calls.stat_upload import UploadStat, describe, stat_upload
from mcos.errors import InvalidBody, InvalidQuery, UnknownStoragePolicy
from mcos.model.description import UNKNOWN_TYPE
from mcos.model.names import is_policy_name
from mcos.model.representation import shown
from mcos.model.uploads import Action, NamedPart, Upload, UploadState

# Default number of parts in a reply: each has a URL of half a kilobyte.
_PARTS_SHOWN = 100


def _policy(value: Any, name: str) -> str:
    if not is_policy_name(text(value, name)):
        raise UnknownStoragePolicy(
            f"{name} must have 1 to {limits.POLICY_NAME_LENGTH} characters of a-z 0-9 -."
        )
    return str(value)


def _bytes(length: int) -> Reader:
    def read(value: Any, name: str) -> bytes:
        try:
            found = b64decode(text(value, name), validate=True)
        except (Base64Error, ValueError):
            found = b""
        if len(found) != length:
            raise InvalidBody(f"{name} must be the base64 of {length} bytes.")
        return found

    return read


def _digest(value: Any, name: str) -> dict[str, str]:
    """Return the digests that are given, by the library's names ``md5`` and ``sha256``."""
    found = record(value, name, {}, {"md5": _bytes(16), "sha-256": _bytes(32)})
    digests = {}
    if "md5" in found:
        digests["md5"] = found["md5"].hex()
    if "sha-256" in found:
        digests["sha256"] = value["sha-256"]
    return digests


def _part(value: Any, name: str) -> NamedPart:
    return NamedPart(**record(value, name, {"number": whole, "etag": text}, {}))


@endpoint("begin_upload")
def _begin(request: Request) -> Response:
    account = request.account
    given = fields(
        request,
        required={
            "container": text,
            "object": text,
            "action": one_of(Action, *Action),
        },
        optional={
            "size": whole,
            "content_type": content_type,
            "metadata": metadata,
            "headers": headers,
            "digest": _digest,
            "storage_policy": _policy,
            "part_size": whole,
            "expires_in": whole,
        },
    )
    digests = given.pop("digest", {})
    wanted = UploadRequest(**{"content_type": UNKNOWN_TYPE, "metadata": {}, **given, **digests})
    upload = begin_upload(account, wanted, read_conditions(request))
    location = {"Location": f"/v1/uploads/{upload.id}"}
    return Response.json(201, _describe(describe(upload, limit=_PARTS_SHOWN)), location)


@endpoint("list_upload")
def _list(request: Request) -> Response:
    page = list_upload(request.account, marker=request.query("marker"), limit=request.limit())
    body = {"uploads": [_list_entry(one) for one in page.uploads], "next_marker": page.more_after}
    return Response.json(200, body)


@endpoint("stat_upload")
def _stat(request: Request) -> Response:
    account = request.account
    marker = request.query("marker")
    if marker and not (marker.isascii() and marker.isdigit() and int(marker) <= limits.PARTS):
        raise InvalidQuery("marker must be the number of a part.")
    limit = request.limit() if request.query("limit") else _PARTS_SHOWN
    stat = stat_upload(account, request.name("upload"), after=int(marker or 0), limit=limit)
    return Response.json(200, _describe(stat))


@endpoint("complete_upload")
def _complete(request: Request) -> Response:
    account = request.account
    # The list of all parts that an upload may have is longer than other bodies.
    longest = limits.TEXT_CONTENT_BYTES
    known = {"digest": _digest, "parts": listed(_part)}
    given = fields(request, optional=known, longest=longest)
    upload_id = request.name("upload")
    completed = complete_upload(
        account,
        upload_id,
        parts=given.get("parts"),
        conditions=read_conditions(request),
        **given.get("digest", {}),
    )
    return reply_to_upload(completed, upload_id)


@endpoint("abort_upload")
def _abort(request: Request) -> Response:
    abort_upload(request.account, request.name("upload"))
    return Response(204)


def _list_entry(upload: Upload) -> dict[str, Any]:
    return {
        "upload": upload.id,
        "container": upload.container,
        "object": upload.object,
        "action": str(upload.action),
        "size": upload.size,
        "content_type": upload.content_type,
        "metadata": upload.metadata,
        "headers": shown(upload.headers),
        "state": _state(upload).value,
        "version": upload.version if _state(upload) is UploadState.TAKEN else None,
        "method": "parts" if upload.part_size else "put",
        "part_size": upload.part_size or None,
        "created_at": upload.created_at,
        "expires_at": upload.expires_at,
    }


def _state(upload: Upload) -> UploadState:
    """Return the state as users know it: what is being taken may still be refused."""
    return UploadState.TAKEN if upload.state is UploadState.TAKEN else UploadState.OPEN


def _describe(stat: UploadStat) -> dict[str, Any]:
    return {
        **_list_entry(stat.upload),
        "put": stat.put and {"url": stat.put.url, "headers": stat.put.headers},
        "parts": [
            {"number": part.number, "size": part.size, "etag": part.etag, "url": part.url}
            for part in stat.parts
        ],
        "next_marker": None if stat.more_after is None else str(stat.more_after),
        "urls_expire_at": stat.urls_expire_at,
    }


handle = dispatch(
    {
        ("GET", None): _list,
        ("POST", None): _begin,
        ("GET", "upload"): _stat,
        ("POST", "upload"): _complete,
        ("DELETE", "upload"): _abort,
    }
)
