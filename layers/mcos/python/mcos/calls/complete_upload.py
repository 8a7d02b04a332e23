"""complete_upload: what was sent becomes a version of its object, which is CREATING from here."""

from dataclasses import replace

from mcos.catalog import objects, uploads
from mcos.errors import (
    InvalidBody,
    ObjectNotFound,
    Superseded,
    UploadIncomplete,
    UploadTaken,
)
from mcos.model.objects import ObjectRecord
from mcos.model.uploads import Upload, UploadState
from mcos.versions.upload import find_upload, finish_upload


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
    UploadNotFound, UploadIncomplete, InvalidBody, and what ``versions.upload.take_upload`` raises.
    """
    upload = find_upload(account, upload_id)
    if (md5 or sha256) and not upload.part_size:
        raise InvalidBody("The digest of what is sent as one is said when the upload is begun.")
    if upload.state is UploadState.TAKEN:
        return _taken(upload)
    said = replace(upload, md5=md5 or upload.md5, sha256=sha256 or upload.sha256)
    # Written before the parts are joined: S3 tells of that, and whoever hears it may be faster.
    if said != upload and not uploads.tell(said):
        said = find_upload(account, upload_id)
    try:
        return _taken(said) if said.state is UploadState.TAKEN else finish_upload(said)
    except UploadTaken:
        return _taken(said)
    except UploadIncomplete:
        # What another call has taken meanwhile is not in staging any more.
        if find_upload(account, upload_id).state is UploadState.TAKEN:
            return _taken(said)
        raise


def _taken(upload: Upload) -> ObjectRecord:
    """The object that an upload has become a version of."""
    record = objects.get(upload.key)
    if record is None:
        raise ObjectNotFound("The object was deleted since.")
    if record.find(upload.id) is None and record.shown.id != upload.id:
        raise Superseded("A later change of the object was accepted.")
    return record
