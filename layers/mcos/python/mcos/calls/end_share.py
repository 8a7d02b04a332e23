"""end_share: let a link be of no use any more."""

from mcos.catalog import shares
from mcos.errors import ShareNotFound
from mcos.model.shares import is_share_id


def end_share(account: str, share_id: str) -> None:
    """End a share of an account, at once: one network call.

    Raises
    ------
    ShareNotFound
    """
    if not is_share_id(share_id) or not shares.remove(account, share_id):
        raise ShareNotFound("There is no such share; it may have expired.")
