"""begin_upload: begin an upload of content of any size up to 5 TiB to signed URLs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mcos import clock, limits, staging
from mcos.catalog import containers, objects, uploads
from mcos.catalog.registry import policy_named
from mcos.errors import ContentTooLarge, InvalidBody, ObjectExists, ObjectNotFound
from mcos.model.conditions import Conditions, guard
from mcos.model.names import check_container_name, check_metadata, check_object_name
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.model.quotas import Amount
from mcos.model.representation import check_headers
from mcos.model.uploads import Action, Upload, upload_part_size
from mcos.settings import settings
from mcos.staging import multipart
from mcos.versions import quota, retention


@dataclass(frozen=True)
class UploadRequest:
    """A request for an upload; the fields are those of ``Upload``.

    Attributes
    ----------
    part_size
        Bytes; None: chosen by size.
    expires_in
        Seconds.
    """

    container: str
    object: str
    action: Action
    content_type: str
    metadata: dict[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    size: int | None = None
    md5: str = ""
    sha256: str = ""
    storage_policy: str | None = None
    part_size: int | None = None
    expires_in: int = limits.UPLOAD_SECONDS


def begin_upload(account: str, wanted: UploadRequest, conditions: Conditions) -> Upload:
    """Begin an upload.

    An upload that would be refused at its end is refused now, as far as that is known.

    Raises
    ------
    InvalidName, InvalidMetadata, InvalidBody, ContentTooLarge, UnknownStoragePolicy,
    ContainerNotFound, ObjectExists, ObjectNotFound, PreconditionFailed, Retained, QuotaExceeded,
    TooManyRequests
    """
    container, name = check_container_name(wanted.container), check_object_name(wanted.object)
    key = ObjectKey(account, container, name)
    check_metadata(wanted.metadata)
    part_size = _part_size(wanted)
    if not limits.UPLOAD_SECONDS_MIN <= wanted.expires_in <= limits.UPLOAD_SECONDS:
        raise InvalidBody(
            f"expires_in must be between {limits.UPLOAD_SECONDS_MIN} and {limits.UPLOAD_SECONDS} "
            "seconds."
        )
    if wanted.storage_policy is not None:
        policy_named(wanted.storage_policy)
    _, usage = containers.get_with_usage(account, wanted.container)
    record = _foresee(key, wanted.action, conditions)
    replaced = record.latest.size if record else 0
    size = 1 if wanted.size is None else wanted.size
    quota.check_upload(account, usage, Amount(size - replaced, 1 if record is None else 0, 1))
    upload_id = clock.new_id()
    upload = Upload(
        account=account,
        id=upload_id,
        container=wanted.container,
        object=wanted.object,
        action=wanted.action,
        size=wanted.size,
        content_type=wanted.content_type,
        metadata=wanted.metadata,
        headers=check_headers(wanted.headers),
        md5=wanted.md5,
        sha256=wanted.sha256,
        if_match=conditions.if_match,
        if_none_match=conditions.if_none_match,
        if_unmodified_since=_text(conditions.if_unmodified_since),
        storage_policy=wanted.storage_policy,
        part_size=part_size,
        # If the upload is never written, the bucket's lifecycle rule aborts it.
        multipart=_begin(account, upload_id) if part_size else "",
        cluster=settings().cluster,
        created_at=clock.now(),
        expires_at=clock.later(wanted.expires_in),
        room=quota.room_of_upload(account, usage, replaced) if wanted.size is None else None,
    )
    uploads.create(upload)
    return upload


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else clock.text(moment)


def _begin(account: str, upload_id: str) -> str:
    key = staging.upload_key(account, upload_id)
    return multipart.begin(staging.own_bucket(), key)


def _part_size(wanted: UploadRequest) -> int:
    size, asked = wanted.size, wanted.part_size
    if size is not None and not 0 <= size <= limits.OBJECT_BYTES:
        raise ContentTooLarge(f"size must be between 0 and {limits.OBJECT_BYTES} bytes.")
    smallest, largest = limits.UPLOAD_PART_BYTES_MIN, limits.UPLOAD_PART_BYTES_MAX
    if asked is not None and not smallest <= asked <= largest:
        raise InvalidBody(f"part_size must be between {smallest} and {largest} bytes.")
    part_size = upload_part_size(size, asked)
    if size is not None and part_size and size > part_size * limits.PARTS:
        raise InvalidBody(f"part_size must be larger: there may be at most {limits.PARTS} parts.")
    return part_size


def _foresee(key: ObjectKey, action: Action, conditions: Conditions) -> ObjectRecord | None:
    """Refuse an upload that would be refused if it were complete now.

    Returns
    -------
    The record of its object; None: there is no object.
    """
    record = objects.get(key)
    gone = record is None or record.is_gone
    guard(conditions, None if record is None or gone else record.latest)
    if action is Action.CREATE and record is not None and not gone:
        raise ObjectExists(f"Object {key.name!r} exists in container {key.container!r}.")
    if action is Action.UPDATE and gone:
        raise ObjectNotFound("An object must exist to be updated.")
    retention.check_not_retained(record)
    return None if gone else record
