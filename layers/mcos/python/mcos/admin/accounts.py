"""Accounts: list, create, change. None is ever deleted, its objects would have no owner."""

from mcos import limits
from mcos.auth import revocation
from mcos.auth.passwords import hash_password
from mcos.catalog import accounts
from mcos.catalog.accounts import Page
from mcos.errors import AccountExists, AccountNotFound, InvalidBody, InvalidQuery
from mcos.model.accounts import Account, Role
from mcos.model.names import check_user_name, is_user_name


def list_accounts(*, marker: str, limit: int) -> Page:
    """One page, in no order that means anything.

    Raises
    ------
    InvalidQuery
        The marker is not the name of an account.
    """
    if marker and not is_user_name(marker):
        raise InvalidQuery("marker is the next_marker of the page before.")
    return accounts.page(after=marker or None, limit=limit)


def create_account(user_name: str, password: str, role: Role) -> Account:
    """Add an account that can log in.

    Raises
    ------
    InvalidName, InvalidBody, AccountExists
    """
    check_user_name(user_name)
    check_password(password)
    account = accounts.create(user_name, hash_password(password), role)
    if account is None:
        raise AccountExists(f"There is an account {user_name!r} already.")
    return account


def change_account(
    user_name: str,
    *,
    password: str | None = None,
    role: Role | None = None,
    enabled: bool | None = None,
) -> Account:
    """Change what is not None of an account.

    A new password, or being disabled, voids the tokens that the account has. They are voided after
    the change; if that fails, so does the call, and repeating it makes up for it.

    Raises
    ------
    InvalidBody, AccountNotFound, LastAdmin, Conflict
    """
    if not is_user_name(user_name):
        raise AccountNotFound("There is no such account.")
    if password is not None:
        check_password(password)
    changed = accounts.change(
        user_name,
        password_hash=None if password is None else hash_password(password),
        role=role,
        enabled=enabled,
    )
    if password is not None or enabled is False:
        revocation.revoke(user_name)
    return changed


def check_password(password: str) -> None:
    """Refuse a password that nobody could log in with.

    Raises
    ------
    InvalidBody
    """
    if not 1 <= len(password) <= limits.PASSWORD_CHARACTERS:
        raise InvalidBody(f"password has 1 to {limits.PASSWORD_CHARACTERS} characters.")
