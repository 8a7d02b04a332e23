"""list_container: the containers of an account, in the order of their names."""

from mcos.catalog import containers
from mcos.catalog.containers import ContainerPage


def list_container(account: str, *, prefix: str, marker: str, limit: int) -> ContainerPage:
    """Return one page: one network call. Its ``more_after`` is the marker of the next page.

    Parameters
    ----------
    prefix
        Only names that begin with it.
    marker
        Only names after it.
    limit
        Most entries; a page may have fewer although more follow.
    """
    if marker and not marker.startswith(prefix):
        if marker > prefix:
            return ContainerPage([], more_after=None)
        marker = ""
    return containers.page(account, prefix=prefix, after=marker or None, limit=limit)
