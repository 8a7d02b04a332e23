"""complete_upload: what was sent becomes a version of its object, which is CREATING from here."""

from dataclasses import replace

from mcos import limits, staging
from mcos.calls.stat_upload import find, place_of
from mcos.catalog import objects, uploads
from mcos.errors import (
    ContentTooLarge,
    InvalidBody,
    ObjectNotFound,
    Superseded,
    UploadIncomplete,
    UploadTaken,
)
from mcos.model.objects import ObjectRecord
from mcos.model.uploads import Upload, UploadState
from mcos.staging import Found, multipart
from mcos.staging.multipart import StagedPart
from mcos.versions.upload import take


def complete_upload(
    account: str, upload_id: str, *, md5: str = "", sha256: str = ""
) -> ObjectRecord:
    """Complete an upload. Harmless to repeat.

    Parameters
    ----------
    md5, sha256
        Hexadecimal and base64, of the whole content; empty: they are not said. Only of what is
        sent in parts: for another, S3 itself may have told of its arrival by now.

    Returns
    -------
    The record: CREATING or UPDATING, or what it has become since.

    Raises
    ------
    UploadNotFound, UploadIncomplete, InvalidBody, and what ``taking.take`` raises.
    """
    upload = find(account, upload_id)
    if (md5 or sha256) and not upload.part_size:
        raise InvalidBody("The digest of what is sent as one is said when the upload is begun.")
    if upload.state is UploadState.TAKEN:
        return _taken(upload)
    said = replace(upload, md5=md5 or upload.md5, sha256=sha256 or upload.sha256)
    # Written before the parts are joined: S3 tells of that, and whoever hears it may be faster.
    if said != upload and not uploads.tell(said):
        said = find(account, upload_id)
    try:
        return _taken(said) if said.state is UploadState.TAKEN else finish(said)
    except UploadTaken:
        return _taken(said)
    except UploadIncomplete:
        # What another call has taken meanwhile is not in staging any more.
        if find(account, upload_id).state is UploadState.TAKEN:
            return _taken(said)
        raise


def finish(upload: Upload) -> ObjectRecord:
    """Make a version of what an open upload has received.

    Raises
    ------
    UploadIncomplete, UploadTaken, and what ``taking.take`` raises.
    """
    bucket, key = place_of(upload)
    found = staging.find(key, bucket=bucket)
    if found is None and upload.part_size:
        found = _join(upload, bucket, key)
    if found is None:
        raise UploadIncomplete("Nothing has been received.")
    if upload.size not in (None, found.size):
        raise UploadIncomplete(f"{found.size} bytes have been received, of {upload.size}.")
    return take(upload, found.staged(key, cluster=upload.cluster), found.size, version_id=upload.id)


def _join(upload: Upload, bucket: str, key: str) -> Found | None:
    received = multipart.all_parts(bucket, key, upload.multipart)
    _check(upload, received)
    multipart.complete(bucket, key, upload.multipart, received)
    return staging.find(key, bucket=bucket)


def _check(upload: Upload, received: list[StagedPart]) -> None:
    numbers = [part.number for part in received]
    if not received or numbers != list(range(1, len(received) + 1)):
        raise UploadIncomplete(f"{len(received)} parts have been received, and not from the first.")
    size = sum(part.size for part in received)
    if size > limits.OBJECT_BYTES:
        raise ContentTooLarge(f"An object has at most {limits.OBJECT_BYTES} bytes.")
    if upload.size not in (None, size):
        raise UploadIncomplete(f"{size} bytes have been received, of {upload.size}.")
    if any(part.size != upload.part_size for part in received[:-1]):
        raise UploadIncomplete(f"Each part but the last has {upload.part_size} bytes.")


def _taken(upload: Upload) -> ObjectRecord:
    """The object that an upload has become a version of."""
    record = objects.get(upload.key)
    if record is None:
        raise ObjectNotFound("The object was deleted since.")
    if record.find(upload.id) is None and record.shown.id != upload.id:
        raise Superseded("A later change of the object was accepted.")
    return record
