"""What is remembered of logins: wrong passwords, known addresses, sessions that have ended.

A login reads all that it needs, its account among it, by one call. Items expire: readers ignore
them then, and ``tidy`` removes them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action

from mcos import clock
from mcos.aws import client
from mcos.catalog.tables import AccountItem, LoginItem, is_condition_failure
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
    BotoCoreError, ClientError
    """
    logins, accounts = LoginItem.Meta.table_name, AccountItem.Meta.table_name
    asked: dict[str, Any] = {
        logins: {"Keys": [{"key": {"S": key}} for key in keys], "ConsistentRead": True}
    }
    if user_name is not None:
        asked[accounts] = {"Keys": [{"user_name": {"S": user_name}}], "ConsistentRead": True}
    read: dict[str, list[Any]] = {logins: [], accounts: []}
    for _ in range(_TRIES):
        reply = client("dynamodb").batch_get_item(RequestItems=asked)
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
    condition = None if after is None else LoginItem.failures == after.failures
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


def tidy(most: int = 1000) -> None:
    """Remove what has expired, so many at most: one Scan, and writes of 25 each."""
    now = int(clock.moment().timestamp())
    expired = LoginItem.scan(LoginItem.expires <= now, attributes_to_get=["key"], limit=most)
    with LoginItem.batch_write() as batch:
        for item in expired:
            batch.delete(item)
