"""Authorization of operators' calls."""

from mcos.catalog import accounts
from mcos.errors import NotPermitted


def require_admin(account: str) -> None:
    """Refuse an account that is not an enabled admin now: one network call.

    Raises
    ------
    NotPermitted
    """
    found = accounts.find(account)
    if found is None or not found.is_admin:
        raise NotPermitted("The account must have the role admin for this call.")
