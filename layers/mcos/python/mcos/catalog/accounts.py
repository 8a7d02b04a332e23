"""Accounts: who may log in."""

from pynamodb.exceptions import DoesNotExist, PutError

from mcos import clock
from mcos.catalog.tables import AccountItem, condition_failed


def password_hash(user_name: str) -> str | None:
    """The stored hash of a user's password, None if there is no such user: one network call."""
    try:
        return AccountItem.get(user_name, consistent_read=True).password_hash
    except DoesNotExist:
        return None


def create(user_name: str, password_hash: str) -> bool:
    """Add an account; False, and nothing changed, if the name is taken."""
    item = AccountItem(user_name, password_hash=password_hash, created_at=clock.now())
    try:
        item.save(AccountItem.user_name.does_not_exist())
    except PutError as error:
        if condition_failed(error):
            return False
        raise
    return True
