"""Accounts: who may log in and who may make the operators' calls.

There is always an enabled admin. Who steps down marks the account, then looks for another enabled
admin without a mark, then changes the account if its mark is still there. Each marks before it
looks, and all reads are strongly consistent, so of two who look for each other at least one sees
the other's mark. It removes that mark, and then the other's change fails, because it is conditional
on its mark: no call that died can hold up the others. ``mcos.catalog.containers`` does the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pynamodb.exceptions import DoesNotExist, PutError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from mcos import clock
from mcos.catalog.tables import AccountItem, is_condition_failure
from mcos.errors import AccountNotFound, Conflict, LastAdmin
from mcos.model.accounts import Account, Given, Role
from mcos.model.documents import member

_TRIES = 12
# Only ``password_hash`` reads the hash.
_SHOWN = ["user_name", "role", "enabled", "created_at", "quota"]


def password_hash(user_name: str) -> str | None:
    """Return the stored hash of a user's password: one network call.

    Returns
    -------
    None if there is no such account, or it is disabled.
    """
    try:
        item = AccountItem.get(user_name, consistent_read=True)
    except DoesNotExist:
        return None
    return item.password_hash if item.enabled else None


def has_password(user_name: str) -> bool:
    """Whether a user has a password; one whose account came from a journal may have none."""
    try:
        return bool(AccountItem.get(user_name, consistent_read=True).password_hash)
    except DoesNotExist:
        return False


def find(user_name: str) -> Account | None:
    """Return an account, read strongly consistent, or None: one network call."""
    try:
        item = AccountItem.get(user_name, consistent_read=True, attributes_to_get=_SHOWN)
    except DoesNotExist:
        return None
    return _account(item)


def create(
    user_name: str, password_hash: str, role: Role = Role.USER, quota: Given | None = None
) -> Account | None:
    """Add an enabled account.

    Parameters
    ----------
    quota
        What of its quota is not the default.

    Returns
    -------
    The account; None, with nothing changed, if the name is taken.
    """
    item = AccountItem(
        user_name,
        password_hash=password_hash,
        created_at=clock.now(),
        role=role.value,
        enabled=True,
        revision=clock.new_id(),
        quota=dict(quota) if quota else None,
    )
    try:
        item.save(AccountItem.user_name.does_not_exist())
    except PutError as error:
        if not is_condition_failure(error):
            raise
        # Every hash has a random salt, so an equal hash was written by this call's first try.
        found: AccountItem = AccountItem.get(user_name, consistent_read=True)
        return _account(found) if found.password_hash == password_hash else None
    return _account(item)


@dataclass(frozen=True)
class AccountPage:
    """Accounts in no particular order, and the name after which the next page begins, if any."""

    accounts: list[Account]
    more_after: str | None


def page(*, after: str | None, limit: int) -> AccountPage:
    """Return a page of at most ``limit`` accounts after the name ``after``: one network call."""
    found = AccountItem.scan(
        consistent_read=True,
        last_evaluated_key={"user_name": {"S": after}} if after is not None else None,
        page_size=limit,
        attributes_to_get=_SHOWN,
    )
    raw = next(found.page_iter)
    accounts = [_account(AccountItem.from_raw_data(item)) for item in raw["Items"]]
    last = raw.get("LastEvaluatedKey")
    return AccountPage(accounts, more_after=last["user_name"]["S"] if last else None)


def change(
    user_name: str,
    *,
    password_hash: str | None = None,
    role: Role | None = None,
    enabled: bool | None = None,
    quota: Given | None = None,
) -> Account:
    """Change the fields of an account that are not None.

    It takes two network calls; four, one of them a Scan, if an enabled admin becomes none.

    Returns
    -------
    The changed account.

    Raises
    ------
    AccountNotFound
    LastAdmin
        There is no other enabled admin; nothing was changed.
    Conflict
        Other calls kept changing the account.
    """
    actions: list[Action] = []
    if password_hash is not None:
        actions.append(AccountItem.password_hash.set(password_hash))
    if role is not None:
        actions.append(AccountItem.role.set(role.value))
    if enabled is not None:
        actions.append(AccountItem.enabled.set(enabled))
    if quota is not None:
        actions.append(AccountItem.quota.set(dict(quota)))
    if actions:
        actions.append(AccountItem.revision.set(clock.new_id()))
    for _ in range(_TRIES):
        account = find(user_name)
        if account is None:
            raise AccountNotFound(f"There is no account {user_name!r}.")
        changed = replace(
            account,
            role=account.role if role is None else role,
            is_enabled=account.is_enabled if enabled is None else enabled,
            quota=account.quota if quota is None else quota,
        )
        if not actions:
            return account
        if account.is_admin and not changed.is_admin:
            done = _step_down(user_name, actions)
        else:
            done = _update(user_name, actions, stays_admin=changed.is_admin)
        if done:
            return changed
    raise Conflict("Other calls changed the account at the same time; try again.")


def _update(user_name: str, actions: list[Action], *, stays_admin: bool) -> bool:
    """Change an account; False, with nothing changed, if an enabled admin would step down."""
    condition = AccountItem.user_name.exists()
    return _written(user_name, actions, condition if stays_admin else condition & ~_is_admin())


def _step_down(user_name: str, actions: list[Action]) -> bool:
    """Change an enabled admin who will not be one, if another enabled admin remains.

    Returns
    -------
    False, with nothing changed, if other calls interfered.

    Raises
    ------
    LastAdmin
    """
    mark = clock.new_id()
    if not _written(user_name, [AccountItem.leaving.set(mark)], _is_admin()):
        return False
    unmark = AccountItem.leaving.remove()
    is_marked = AccountItem.leaving == mark
    other = _other_admin(user_name)
    if other is None:
        _written(user_name, [unmark], is_marked)
        raise LastAdmin(f"An enabled admin must remain; {user_name!r} is the last.")
    if other.leaving is not None:
        still_leaving = (AccountItem.leaving == other.leaving) & _is_admin()
        if not _written(other.user_name, [unmark], still_leaving):
            return False
    return _written(user_name, [*actions, unmark], is_marked)


def _written(user_name: str, actions: list[Action], condition: Condition) -> bool:
    try:
        AccountItem(user_name).update(actions, condition)
    except UpdateError as error:
        if is_condition_failure(error):
            return False
        raise
    return True


def _other_admin(user_name: str) -> AccountItem | None:
    """Return another enabled admin, if possible one who is not leaving."""
    admins = AccountItem.scan(
        _is_admin(), consistent_read=True, attributes_to_get=["user_name", "leaving"]
    )
    leaving = None
    for item in admins:
        if item.user_name != user_name:
            if item.leaving is None:
                return item
            leaving = item
    return leaving


def _is_admin() -> Condition:
    condition: Condition = (AccountItem.role == Role.ADMIN.value) & (
        AccountItem.enabled == True  # noqa: E712
    )
    return condition


def _account(item: AccountItem) -> Account:
    # A role of a newer release may do here what every account may.
    role = member(Role, item.role)
    known = role if isinstance(role, Role) else Role.USER
    return Account(item.user_name, known, item.enabled, item.created_at, item.quota or {})


def quota_of_image(image: Mapping[str, Any]) -> Given:
    """Return what of its quota an account has of its own, from an image of the table's stream."""
    quota: Given = AccountItem.from_raw_data(dict(image)).quota or {}
    return quota
