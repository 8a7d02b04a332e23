"""abort_upload: forget an upload, and what was received of it."""

from mcos import signed_uploads, staging
from mcos.calls.stat_upload import find
from mcos.catalog import uploads
from mcos.errors import UploadTaken
from mcos.uploads import Upload, UploadState


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
    key = staging.upload_key(upload.account, upload.id)
    if upload.multipart:
        signed_uploads.abort(key, upload.multipart)
    if found := staging.find(key):
        staging.delete(key, found.version)
    uploads.remove(upload)
