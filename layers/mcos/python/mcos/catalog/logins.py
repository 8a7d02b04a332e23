"""What is remembered of logins: wrong passwords, known addresses, sessions that have ended.

A login reads all that it needs, its account among it, by one call. Items expire: readers ignore
them then, and ``tidy`` removes them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pynamodb.exceptions import DeleteError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from mcos import clock
from mcos.catalog.tables import AccountItem, LoginItem, batch_get, is_condition_failure
from mcos.errors import Conflict
from mcos.model.attempts import Count, is_in_time

_TRIES = 3


@dataclass(frozen=True)
class Found:
    """An account, if it can log in, and items of logins by key; what has expired is left out."""

    password_hash: str | None = None
    has_account: bool = False
    items: dict[str, LoginItem] = field(default_factory=dict)

    def count(self, key: str) -> Count:
        """Return the wrong passwords under a key."""
        item = self.items.get(key)
        return Count(int(item.failures or 0), item.at) if item else Count()


def look(user_name: str | None, keys: Iterable[str]) -> Found:
    """Read an account and items of logins, strongly consistent: one network call.

    Parameters
    ----------
    user_name
        None: no account is read.

    Raises
    ------
    Conflict
        DynamoDB did not answer all of it.
    CatalogUnavailable
    ClientError
        It refused.
    """
    logins, accounts = LoginItem.Meta.table_name, AccountItem.Meta.table_name
    asked: dict[str, Any] = {
        logins: {"Keys": [{"key": {"S": key}} for key in keys], "ConsistentRead": True}
    }
    if user_name is not None:
        asked[accounts] = {"Keys": [{"user_name": {"S": user_name}}], "ConsistentRead": True}
    read: dict[str, list[Any]] = {logins: [], accounts: []}
    for _ in range(_TRIES):
        reply = batch_get(asked)
        for table, items in reply["Responses"].items():
            read[table] += items
        asked = reply.get("UnprocessedKeys") or {}
        if not asked:
            break
    else:
        raise Conflict("Too many logins at the same time; try again.")
    now = clock.moment()
    items = [LoginItem.from_raw_data(item) for item in read[logins]]
    account = next((AccountItem.from_raw_data(item) for item in read[accounts]), None)
    return Found(
        password_hash=account.password_hash if account and account.enabled else None,
        has_account=account is not None and account.enabled,
        items={item.key: item for item in items if is_in_time(item.expires, now)},
    )


def count_failure(key: str, now: datetime, expires: int, *, after: Count | None = None) -> bool:
    """Count a wrong password: one network call.

    Parameters
    ----------
    after
        The count as it was read; None: whatever it is.

    Returns
    -------
    False, with nothing changed, if it is another one by now.
    """
    actions: list[Action] = [
        LoginItem.failures.add(1),
        LoginItem.at.set(clock.text(now)),
        LoginItem.expires.set(expires),
    ]
    condition: Condition | None = None
    if after is not None and after.failures:
        condition = LoginItem.failures == after.failures
    elif after is not None:
        condition = LoginItem.failures.does_not_exist()
    try:
        LoginItem(key).update(actions, condition)
    except UpdateError as error:
        if is_condition_failure(error):
            return False
        raise
    return True


def note(key: str, expires: int, *, at: str | None = None) -> None:
    """Write that something is so until it expires (Unix time): one network call.

    Parameters
    ----------
    at
        Since when, RFC 3339; None: now.
    """
    LoginItem(key, at=at or clock.now(), expires=expires).save()


def forget(key: str) -> None:
    """Remove an item: one network call."""
    LoginItem(key).delete()


def tidy(has_time: Callable[[], bool]) -> int:
    """Remove what has expired: a Scan, and a write for each.

    Parameters
    ----------
    has_time
        Whether to go on; asked before each item.

    Returns
    -------
    How many were removed.
    """
    now = int(clock.moment().timestamp())
    removed = 0
    for item in LoginItem.scan(LoginItem.expires <= now, attributes_to_get=["key"]):
        if not has_time():
            break
        try:
            # It may have been noted again meanwhile.
            LoginItem(item.key).delete(LoginItem.expires <= now)
        except DeleteError as error:
            if not is_condition_failure(error):
                raise
        else:
            removed += 1
    return removed
