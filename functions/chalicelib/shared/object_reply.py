"""Objects in replies: as headers, as JSON, and in a listing."""

from email.utils import format_datetime
from typing import Any

from chalicelib.shared.http import Response
from chalicelib.shared.paths import object_location
from chalicelib.shared.preferences import preference_applied
from mcos.model.objects import ObjectRecord, State
from mcos.model.representation import file_name, shown
from mcos.model.versions import Version
from mcos.storage.arguments import content_disposition
from mcos.versions.make import Prefer


def headers(record: ObjectRecord, version: Version) -> dict[str, str]:
    """Return the headers that every reply for an object has."""
    # The digest of an upload may not be known yet.
    digest = {"Repr-Digest": f"sha-256=:{version.sha256}:"} if version.sha256 else {}
    return {
        "ETag": version.etag,
        **digest,
        "X-MCOS-State": record.state.value,
        "X-MCOS-Version": version.id,
        "X-MCOS-Replicas": f"{min(len(version.stored), version.wanted)}/{version.wanted}",
    }


def content_headers(record: ObjectRecord, version: Version) -> dict[str, str]:
    """Return ``headers`` and those of the content: its time, size, own and the user metadata.

    Browsers save it, unless its sender has said otherwise.

    The size is there for replies whose ``Content-Length`` is another, or is made so by a gateway.
    """
    return {
        **headers(record, version),
        "Last-Modified": format_datetime(version.modified, usegmt=True),
        "X-MCOS-Content-Length": str(version.size),
        "Content-Disposition": content_disposition(file_name(record.name)),
        **shown(version.headers),
        **{f"X-Object-Meta-{name}": value for name, value in version.metadata.items()},
    }


def reply_to_write(record: ObjectRecord, preference: Prefer, *, done: int) -> Response:
    """Return the reply to a create or an update: status ``done`` if it is CREATED, else 202."""
    status = done if record.state is State.CREATED else 202
    return _of_version(record, record.latest, status, preference_applied(preference))


def reply_to_description(record: ObjectRecord) -> Response:
    """Return the reply to a change of what describes an object: 200 if readers see it, else 202."""
    version = record.taken or record.shown
    return _of_version(record, version, 200 if version is record.current else 202, {})


def reply_to_upload(record: ObjectRecord, version_id: str) -> Response:
    """Return the reply to an upload that became a version, now or before."""
    return _of_version(record, record.find(version_id) or record.shown, 202, {})


def _of_version(
    record: ObjectRecord, version: Version, status: int, more: dict[str, str]
) -> Response:
    location = object_location(record.container, record.name)
    body = {
        "name": record.name,
        "container": record.container,
        "size": version.size,
        "etag": version.etag,
        "content_type": version.content_type,
        "state": record.state.value,
        "version": version.id,
    }
    return Response.json(status, body, {**headers(record, version), **more, "Location": location})


def list_entry(record: ObjectRecord) -> dict[str, Any]:
    """Return an object's entry in a listing."""
    version = record.shown
    return {
        "name": record.name,
        "size": version.size,
        "etag": version.etag,
        "content_type": version.content_type,
        "state": record.state.value,
        "last_modified": record.last_modified,
        "digest": _digest(version),
        "mtime": version.metadata.get("mtime"),
    }


def describe(record: ObjectRecord) -> dict[str, Any]:
    """Return an object with its replicas as JSON."""
    version = record.shown
    body = {
        "name": record.name,
        "container": record.container,
        "size": version.size,
        "etag": version.etag,
        "digest": _digest(version),
        "content_type": version.content_type,
        "metadata": version.metadata,
        "headers": shown(version.headers),
        "state": record.state.value,
        "version": version.id,
        "storage_policy": version.storage_policy,
        "created_at": record.created_at,
        "last_modified": record.last_modified,
        "replicas": _replicas(version),
        "pending": [
            {
                "version": one.id,
                "size": one.size,
                "etag": one.etag,
                "content_type": one.content_type,
                "storage_policy": one.storage_policy,
                "created_at": one.created_at,
                "replicas": _replicas(one),
            }
            for one in record.pending
        ],
    }
    if version.retained_until:
        body["retained_until"] = version.retained_until
    return {**body, "reason": record.reason} if record.reason else body


def _digest(version: Version) -> dict[str, str]:
    return {"sha-256": version.sha256} if version.sha256 else {}


def _replicas(version: Version) -> list[dict[str, Any]]:
    return [
        {
            "cluster": cluster,
            "backend": replica.backend,
            "state": replica.progress,
            "size": version.size,
            "digest": _digest(version),
        }
        for cluster, replica in version.replicas.items()
    ]
