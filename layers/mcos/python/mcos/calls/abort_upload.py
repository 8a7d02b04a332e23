"""abort_upload: remove an upload and the content that it has received."""

from mcos.catalog import uploads
from mcos.errors import UploadTaken
from mcos.model.uploads import UploadState
from mcos.versions.upload import clear_upload, find_upload


def abort_upload(account: str, upload_id: str) -> None:
    """Abort an upload and remove its content.

    Raises
    ------
    UploadNotFound
    UploadTaken
        It became a version: delete its object instead.
    """
    upload = find_upload(account, upload_id)
    if upload.state is UploadState.TAKEN or not uploads.end(upload):
        raise UploadTaken("The upload is complete; delete its object instead.")
    clear_upload(upload)
