"""abort_upload: forget an upload, and what was received of it."""

from mcos import staging
from mcos.calls.stat_upload import find, place_of
from mcos.catalog import uploads
from mcos.errors import UploadTaken
from mcos.model.uploads import Upload, UploadState
from mcos.staging import multipart


def abort_upload(account: str, upload_id: str) -> None:
    """Abort an upload; nothing is left of it.

    Raises
    ------
    UploadNotFound
    UploadTaken
        It has become a version: delete its object.
    """
    upload = find(account, upload_id)
    if upload.state is UploadState.TAKEN or not uploads.end(upload):
        raise UploadTaken("The upload is complete; delete the object if it is not wanted.")
    clear(upload)


def clear(upload: Upload) -> None:
    """Remove what is left of an upload that has ended. Harmless to repeat."""
    bucket, key = place_of(upload)
    if upload.multipart:
        multipart.abort(bucket, key, upload.multipart)
    if found := staging.find(key, bucket=bucket):
        staging.delete(key, found.version, bucket=bucket)
    uploads.remove(upload)
