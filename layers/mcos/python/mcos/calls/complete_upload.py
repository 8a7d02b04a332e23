"""complete_upload: make a version from the content that an upload has received."""

from collections.abc import Sequence
from dataclasses import replace

from mcos.catalog import objects, uploads
from mcos.errors import (
    InvalidBody,
    ObjectNotFound,
    Superseded,
    UploadIncomplete,
    UploadTaken,
)
from mcos.model.conditions import Conditions, guard
from mcos.model.objects import ObjectRecord
from mcos.model.reservation import is_reserved
from mcos.model.uploads import NamedPart, Upload, UploadState, check_named_parts
from mcos.versions.upload import find_upload, find_with_usage, finish_upload

NO_CONDITIONS = Conditions()


def complete_upload(
    account: str,
    upload_id: str,
    *,
    md5: str = "",
    sha256: str = "",
    parts: Sequence[NamedPart] | None = None,
    conditions: Conditions = NO_CONDITIONS,
) -> ObjectRecord:
    """Complete an upload. Harmless to repeat.

    Parameters
    ----------
    md5, sha256
        Hexadecimal and base64, of the whole content; empty: not given. Only for an upload in
        parts: any other may already have been taken by the event of its arrival.
    parts
        Those that are joined, in their order; others that were received are left out. Of any size
        that S3 takes. None: all that were received, which must be of the size that was said.
    conditions
        What has to be true of the object when the upload is taken, in place of what was said when
        it was begun; only for an upload in parts. While it is not, the upload stays open.

    Returns
    -------
    The record: CREATING or UPDATING, or its state since.

    Raises
    ------
    UploadNotFound, UploadIncomplete, InvalidBody, PreconditionFailed, QuotaExceeded, and the
    errors of ``versions.upload.take_upload``.
    """
    upload, usage = find_with_usage(account, upload_id)
    is_guarded = conditions != NO_CONDITIONS
    if (md5 or sha256 or parts is not None or is_guarded) and not upload.part_size:
        raise InvalidBody(
            "Digest and conditions of content that is not sent in parts must be given to "
            "begin_upload."
        )
    if parts is not None:
        check_named_parts(parts)
    if upload.state is UploadState.TAKEN:
        return _taken(upload)
    known = replace(upload, md5=md5 or upload.md5, sha256=sha256 or upload.sha256)
    if is_guarded and upload.state is UploadState.OPEN:
        record = objects.get(upload.key)
        guard(conditions, None if record is None or record.is_gone else record.latest)
        known = known.with_conditions(conditions)
    # Write all of it before the parts are joined: joining them triggers an event, whose function
    # may take the upload first.
    if known != upload and not uploads.update_open(known):
        known = find_upload(account, upload_id)
    try:
        if known.state is UploadState.TAKEN:
            return _taken(known)
        return finish_upload(known, usage, parts)
    except UploadTaken:
        return _taken(find_upload(account, upload_id))
    except UploadIncomplete:
        # If another call takes the content meanwhile, it may not be in staging any more.
        found = find_upload(account, upload_id)
        if found.state is UploadState.TAKING:
            return finish_upload(found, usage)
        if found.state is UploadState.TAKEN:
            return _taken(known)
        raise


def _taken(upload: Upload) -> ObjectRecord:
    """Return the record of the object that an upload became a version of."""
    record = objects.get(upload.key)
    if record is None or is_reserved(record):
        raise ObjectNotFound("The object was deleted after the upload.")
    if record.find(upload.id) is None and record.shown.id != upload.id:
        raise Superseded("A later change of the object was accepted.")
    return record
