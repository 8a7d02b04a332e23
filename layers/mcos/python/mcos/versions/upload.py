"""Taking content from staging: it becomes a version of its object, once."""

import re
from collections.abc import Sequence

from mcos import clock, limits, staging
from mcos.catalog import uploads
from mcos.catalog.registry import policy_named
from mcos.errors import Conflict, ContentTooLarge, UploadIncomplete, UploadNotFound
from mcos.model import lifecycle
from mcos.model.conditions import guard
from mcos.model.names import is_id
from mcos.model.objects import ObjectRecord
from mcos.model.parts import part_size_of
from mcos.model.quotas import Usage
from mcos.model.uploads import Action, NamedPart, Upload, UploadState
from mcos.model.versions import Staged, Version
from mcos.settings import settings
from mcos.staging import Bucket, StagedFile, multipart
from mcos.staging.multipart import StagedPart
from mcos.versions import make, quota, replicate, retention
from mcos.versions.take import confirm_container, version_in

_TAG = re.compile(r"[0-9a-f]{32}(-[0-9]{1,5})?")


def take_upload(
    upload: Upload, staged: Staged, size: int, *, version_id: str, usage: Usage | None = None
) -> ObjectRecord:
    """Accept staged content as a version of the upload's object, and start its replication.

    Parameters
    ----------
    size
        Bytes of the staged content.
    usage
        What its account uses; None: whether it has room was looked at before.

    Returns
    -------
    The record: CREATING or UPDATING.

    Raises
    ------
    UploadTaken
        It was taken before.
    ContainerNotFound, ObjectExists, ObjectNotFound, PreconditionFailed,
    UnknownStoragePolicy, NotEnoughClusters, Retained, QuotaExceeded, Conflict
    """
    named = upload.storage_policy and policy_named(upload.storage_policy)

    def accept(taking: Upload, record: ObjectRecord | None) -> ObjectRecord:
        gone = record is None or record.is_gone
        there = None if gone else record
        guard(upload.conditions, there.latest if there else None)
        if upload.action is not Action.CREATE:
            retention.check_not_retained(record)
        if usage is not None:
            quota.check_end_of_upload(upload, usage, size, there)
        version = _version_of(taking)
        if named or there:
            placed = make.place(version, upload.key, named or make.policy_kept(record))
        else:
            placed = make.place_new(version, upload.key, None)
        own = settings().cluster
        if not isinstance(upload.action, Action):
            raise Conflict("Only a newer release can take this upload; try again later.")
        if upload.action is Action.UPDATE:
            return lifecycle.accept_update(record, placed, cluster=own)
        accept_new = (
            lifecycle.accept_create if upload.action is Action.CREATE else lifecycle.accept_put
        )
        return accept_new(record, placed, key=upload.key, cluster=own)

    taking, record = uploads.take(upload.as_taking(version_id, staged, size), accept)
    version = version_in(record, taking.version or "")
    if version not in record.pending:
        return record  # an earlier try has gone further
    is_new = record.current is None and record.pending[0] is version
    record = confirm_container(
        upload.key, record, version.id, is_policy_guessed=is_new and not named
    )
    replicate.begin(record, version.id)
    return record


def _version_of(taking: Upload) -> Version:
    """Return the version that an upload becomes; it is not placed yet."""
    if taking.version is None or taking.size is None:
        raise AssertionError("an upload that is TAKING has a version and a size")
    version = Version(
        id=taking.version,
        size=taking.size,
        md5=taking.md5,
        sha256=taking.sha256,
        content_type=taking.content_type,
        metadata=taking.metadata,
        headers=taking.headers,
        created_at=clock.now(),
        mode="respond-async",
        staged=taking.staged,
        storage_policy="",
        readable_from=0,
        replicas={},
        digested=False,
        part_size=part_size_of(taking.size),
        taken_from=taking.id,
        sent_tag=_tag(taking.staged),
    )
    return retention.guessed(version, taking.key)


def _tag(staged: Staged | None) -> str:
    tag = (staged.etag or "").strip('"') if staged else ""
    return tag if _TAG.fullmatch(tag) else ""


def take_again(upload: Upload) -> ObjectRecord:
    """Go on with an upload that is TAKING; it raises what ``take_upload`` raises."""
    if upload.version is None or upload.staged is None or upload.size is None:
        raise AssertionError("an upload that is TAKING has a version, and content in staging")
    return take_upload(upload, upload.staged, upload.size, version_id=upload.version)


def find_upload(account: str, upload_id: str) -> Upload:
    """Return an upload that has not ended.

    Raises
    ------
    UploadNotFound
    """
    return _not_over(uploads.get(account, upload_id) if is_id(upload_id) else None)


def find_with_usage(account: str, upload_id: str) -> tuple[Upload, Usage]:
    """Return an upload that has not ended, and what its account uses: one network call.

    Raises
    ------
    UploadNotFound
    """
    if not is_id(upload_id):
        return _not_over(None), Usage()
    upload, usage = uploads.get_with_usage(account, upload_id)
    return _not_over(upload), usage


def _not_over(upload: Upload | None) -> Upload:
    if upload is not None and upload.state is UploadState.OPEN and upload.is_expired(clock.now()):
        upload = None
    if upload is None or upload.state in (UploadState.ENDING, UploadState.ENDED):
        raise UploadNotFound("There is no such upload; it may have expired.")
    return upload


def staging_of(upload: Upload) -> tuple[Bucket, str]:
    """Return the upload's staging bucket, which may be another cluster's, and its key there.

    Raises
    ------
    UploadNotFound
        The cluster is not linked any more.
    """
    bucket = staging.bucket_of(upload.cluster)
    if bucket is None:
        raise UploadNotFound(f"The upload's cluster {upload.cluster!r} must be linked.")
    return bucket, staging.upload_key(upload.account, upload.id)


def finish_upload(
    upload: Upload, usage: Usage, parts: Sequence[NamedPart] | None = None
) -> ObjectRecord:
    """Make a version of the content that an upload has received, which is OPEN or TAKING.

    Parameters
    ----------
    usage
        What its account uses.
    parts
        Those that are joined if none are yet; None: all that were received.

    Raises
    ------
    UploadIncomplete, UploadTaken, QuotaExceeded, and what ``take_upload`` raises.
    """
    if upload.state is UploadState.TAKING:
        return take_again(upload)
    bucket, key = staging_of(upload)
    found = staging.find(key, bucket=bucket)
    if found is None and upload.part_size:
        found = _join(upload, bucket, key, parts)
    if found is None:
        raise UploadIncomplete("The content must be sent first; nothing has been received.")
    if upload.size not in (None, found.size):
        raise UploadIncomplete(
            f"The upload must have {upload.size} bytes; {found.size} have been received."
        )
    staged = found.as_staged(key, cluster=upload.cluster)
    return take_upload(upload, staged, found.size, version_id=upload.id, usage=usage)


def _join(
    upload: Upload, bucket: Bucket, key: str, parts: Sequence[NamedPart] | None
) -> StagedFile | None:
    received = multipart.all_parts(bucket, key, upload.multipart)
    if parts is None:
        _check(upload, received)
    else:
        received = _named(parts, received)
        _check_size(upload, received)
    multipart.complete(bucket, key, upload.multipart, received)
    return staging.find(key, bucket=bucket)


def _check(upload: Upload, received: list[StagedPart]) -> None:
    numbers = [part.number for part in received]
    if not received or numbers != list(range(1, len(received) + 1)):
        raise UploadIncomplete(
            f"Parts must be numbered from 1 without gaps; {len(received)} parts have been received."
        )
    _check_size(upload, received)
    if any(part.size != upload.part_size for part in received[:-1]):
        raise UploadIncomplete(f"Each part but the last must have {upload.part_size} bytes.")


def _named(parts: Sequence[NamedPart], received: list[StagedPart]) -> list[StagedPart]:
    """Return the parts that were received and are named.

    Raises
    ------
    UploadIncomplete
        One was not received, or is too small not to be the last.
    """
    by_number = {part.number: part for part in received}
    found = [by_number.get(part.number) for part in parts]
    there = [one for one in found if one is not None]
    if [(one.number, one.etag) for one in there] != [(one.number, one.etag) for one in parts]:
        raise UploadIncomplete("Each part must have been received, with the ETag that is named.")
    if any(part.size < limits.UPLOAD_PART_BYTES_MIN for part in there[:-1]):
        raise UploadIncomplete(
            f"Each part but the last must have at least {limits.UPLOAD_PART_BYTES_MIN} bytes."
        )
    return there


def _check_size(upload: Upload, received: list[StagedPart]) -> None:
    size = sum(part.size for part in received)
    if size > limits.OBJECT_BYTES:
        raise ContentTooLarge(f"An object must have at most {limits.OBJECT_BYTES} bytes.")
    if upload.size not in (None, size):
        raise UploadIncomplete(
            f"The upload must have {upload.size} bytes; {size} have been received."
        )


def clear_upload(upload: Upload) -> None:
    """Remove the content and the item of an upload that has ended. Harmless to repeat.

    What others have put into staging stays there, so an event can come again. So does the content
    at a cluster that is not linked any more.
    """
    bucket, key = staging.bucket_of(upload.cluster), staging.upload_key(upload.account, upload.id)
    if bucket is not None and not upload.is_event:
        if upload.multipart:
            multipart.abort(bucket, key, upload.multipart)
        if found := staging.find(key, bucket=bucket):
            staging.delete(key, found.version, bucket=bucket)
    uploads.remove(upload)
