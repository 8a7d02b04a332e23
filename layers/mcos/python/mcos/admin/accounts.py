"""Accounts: list, create, change. They are never deleted: their objects would have no owner."""

from mcos import limits
from mcos.auth import revocation
from mcos.auth.passwords import check_strength, hash_password
from mcos.catalog import accounts
from mcos.catalog.accounts import AccountPage
from mcos.errors import AccountExists, AccountNotFound, InvalidBody, InvalidQuery
from mcos.model.accounts import Account, Given, Role
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


def create_account(
    user_name: str, password: str, role: Role, quota: Given | None = None
) -> Account:
    """Add an account that can log in.

    Parameters
    ----------
    quota
        What of its quota is not the default.

    Raises
    ------
    InvalidName, InvalidBody, AccountExists
    """
    check_user_name(user_name)
    check_strength(password, user_name)
    check_quota(quota or {})
    account = accounts.create(user_name, hash_password(password), role, quota)
    if account is None:
        raise AccountExists(f"Account {user_name!r} exists already.")
    return account


def change_account(
    user_name: str,
    *,
    password: str | None = None,
    role: Role | None = None,
    enabled: bool | None = None,
    quota: Given | None = None,
) -> Account:
    """Change the fields of an account that are not None.

    A new password, and disabling the account, revoke its tokens. They are revoked after the change;
    if that fails, the call fails and may be repeated. A quota replaces what the account had of its
    own, and holds once it was counted: see ``mcos.workers.count_usage``.

    Raises
    ------
    InvalidBody, AccountNotFound, LastAdmin, Conflict
    """
    if not is_user_name(user_name):
        raise AccountNotFound("There is no such account.")
    if password is not None:
        check_strength(password, user_name)
    check_quota(quota or {})
    changed = accounts.change(
        user_name,
        password_hash=None if password is None else hash_password(password),
        role=role,
        enabled=enabled,
        quota=quota,
    )
    if password is not None or enabled is False:
        revocation.revoke(user_name)
    return changed


def check_quota(quota: Given) -> None:
    """Check the fields of a quota; None: without a limit.

    Raises
    ------
    InvalidBody
    """
    for name, most in quota.items():
        if most is not None and not 0 <= most <= limits.QUOTA_MAX:
            raise InvalidBody(f"quota.{name} must be between 0 and {limits.QUOTA_MAX}, or null.")
    rate = quota.get("writes_per_second")
    if rate is not None and rate < limits.QUOTA_RATE_MIN:
        raise InvalidBody(f"quota.writes_per_second must be at least {limits.QUOTA_RATE_MIN}.")
