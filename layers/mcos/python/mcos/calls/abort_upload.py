"""abort_upload: forget an upload, and what was received of it."""

from mcos.catalog import uploads
from mcos.errors import UploadTaken
from mcos.model.uploads import UploadState
from mcos.versions.upload import clear_upload, find_upload


def abort_upload(account: str, upload_id: str) -> None:
    """Abort an upload; nothing is left of it.

    Raises
    ------
    UploadNotFound
    UploadTaken
        It has become a version: delete its object.
    """
    upload = find_upload(account, upload_id)
    if upload.state is UploadState.TAKEN or not uploads.end(upload):
        raise UploadTaken("The upload is complete; delete the object if it is not wanted.")
    clear_upload(upload)
