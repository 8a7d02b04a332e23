"""list_container: the containers of an account, in the order of their names."""

from mcos.catalog import containers
from mcos.catalog.containers import Page


def list_container(account: str, *, prefix: str, marker: str, limit: int) -> Page:
    """One page: one network call. ``more_after`` of it is the marker of the next page.

    Parameters
    ----------
    prefix
        Only names that begin with it.
    marker
        Only names behind it.
    limit
        Entries at most; a page may hold fewer although more follow.
    """
    if marker and not marker.startswith(prefix):
        if marker > prefix:
            return Page([], more_after=None)
        marker = ""
    return containers.page(account, prefix=prefix, after=marker or None, limit=limit)
