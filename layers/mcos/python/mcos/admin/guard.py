"""Who may make operators' calls."""

from mcos.catalog import accounts
from mcos.errors import NotPermitted


def require_admin(account: str) -> None:
    """Refuse an account that is no enabled admin now, whatever its token says: one network call.

    Raises
    ------
    NotPermitted
    """
    found = accounts.find(account)
    if found is None or not found.is_admin:
        raise NotPermitted("This call is for admins.")
