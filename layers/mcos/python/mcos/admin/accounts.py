"""Accounts: list, create, change. They are never deleted: their objects would have no owner."""

from mcos.auth import revocation
from mcos.auth.passwords import check_strength, hash_password
from mcos.catalog import accounts
from mcos.catalog.accounts import AccountPage
from mcos.errors import AccountExists, AccountNotFound, InvalidQuery
from mcos.model.accounts import Account, Role
from mcos.model.names import check_user_name, is_user_name


def list_accounts(*, marker: str, limit: int) -> AccountPage:
    """Return one page, in no particular order.

    Parameters
    ----------
    marker
        ``more_after`` of the previous page; empty: the first page.

    Raises
    ------
    InvalidQuery
        The marker is not a user name.
    """
    if marker and not is_user_name(marker):
        raise InvalidQuery("marker must be the next_marker of the previous page.")
    return accounts.page(after=marker or None, limit=limit)


def create_account(user_name: str, password: str, role: Role) -> Account:
    """Add an account that can log in.

    Raises
    ------
    InvalidName, InvalidBody, AccountExists
    """
    check_user_name(user_name)
    check_strength(password, user_name)
    account = accounts.create(user_name, hash_password(password), role)
    if account is None:
        raise AccountExists(f"Account {user_name!r} exists already.")
    return account


def change_account(
    user_name: str,
    *,
    password: str | None = None,
    role: Role | None = None,
    enabled: bool | None = None,
) -> Account:
    """Change the fields of an account that are not None.

    A new password, and disabling the account, revoke its tokens. They are revoked after the change;
    if that fails, the call fails and may be repeated.

    Raises
    ------
    InvalidBody, AccountNotFound, LastAdmin, Conflict
    """
    if not is_user_name(user_name):
        raise AccountNotFound("There is no such account.")
    if password is not None:
        check_strength(password, user_name)
    changed = accounts.change(
        user_name,
        password_hash=None if password is None else hash_password(password),
        role=role,
        enabled=enabled,
    )
    if password is not None or enabled is False:
        revocation.revoke(user_name)
    return changed
