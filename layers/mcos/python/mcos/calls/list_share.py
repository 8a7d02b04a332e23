"""list_share: the shares of an account."""

from mcos.catalog import shares
from mcos.catalog.shares import SharePage
from mcos.errors import InvalidQuery
from mcos.model.shares import is_share_id


def list_share(account: str, *, marker: str, limit: int) -> SharePage:
    """Return one page of the shares that have not expired; see ``mcos.catalog.shares.page``.

    Raises
    ------
    InvalidQuery
    """
    if marker and not is_share_id(marker):
        raise InvalidQuery("marker must be the next_marker of a page.")
    return shares.page(account, marker=marker, limit=limit)
