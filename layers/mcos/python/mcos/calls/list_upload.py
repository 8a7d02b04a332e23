"""list_upload: the uploads of an account, in the order in which they were begun."""

from mcos.catalog import uploads
from mcos.catalog.uploads import UploadPage
from mcos.errors import InvalidQuery
from mcos.model.names import is_id


def list_upload(account: str, *, marker: str, limit: int) -> UploadPage:
    """Return one page of open and recently taken uploads: one network call.

    Parameters
    ----------
    marker
        Only uploads after the one with that id; empty: from the first.

    Raises
    ------
    InvalidQuery
    """
    if marker and not is_id(marker):
        raise InvalidQuery("marker must be the id of an upload.")
    return uploads.page(account, after=marker or None, limit=limit)
