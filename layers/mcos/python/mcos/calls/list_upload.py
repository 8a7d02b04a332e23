"""list_upload: the uploads of an account, in the order in which they were begun."""

from mcos.catalog import uploads
from mcos.catalog.uploads import Page


def list_upload(account: str, *, marker: str, limit: int) -> Page:
    """One page, of those that are open and those that were taken lately: one network call."""
    return uploads.page(account, after=marker or None, limit=limit)
