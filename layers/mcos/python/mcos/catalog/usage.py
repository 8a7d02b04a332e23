"""What accounts use, and which have no room left.

Two items of the table ``usage`` say it of an account: ``now`` has the counts, and while a scrub
runs, one for it has what it has seen. Both are changed on the condition that nobody else has.

Functions that serve users never read them for a small write: they know with the registry, at most
``limits.REGISTRY_AGE_SECONDS`` late, who has no room left. That is one item for all accounts.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from pynamodb.exceptions import DeleteError, DoesNotExist, PutError
from pynamodb.expressions.condition import Condition

from mcos import clock, limits
from mcos.catalog import registry
from mcos.catalog.tables import Item, UsageItem, batch_get, is_condition_failure
from mcos.errors import Conflict
from mcos.model.quotas import NOTHING, Amount, Room, Usage, is_full, quota_of
from mcos.settings import default_quota

_NOW = "now"
_TRIES = 12
_PAGE = 500
_SCRUB = "scrub/"


def get(account: str) -> Usage:
    """Return what an account uses, strongly consistent: one network call."""
    return _usage(_read(account, _NOW))


def get_beside(
    model: type[Item], key: Mapping[str, str], account: str
) -> tuple[Mapping[str, Any] | None, Usage]:
    """Return an item of another table, and what an account uses: one network call, consistent.

    Parameters
    ----------
    key
        Of the item.

    Returns
    -------
    The item in DynamoDB's JSON, None if there is none; and the usage.

    Raises
    ------
    CatalogUnavailable, Conflict, ClientError
    """
    other, own = model.Meta.table_name, UsageItem.Meta.table_name
    asked: dict[str, Any] = {
        table: {"Keys": [{name: {"S": one} for name, one in of.items()}], "ConsistentRead": True}
        for table, of in ((other, key), (own, {"account": account, "entry": _NOW}))
    }
    found: dict[str, Any] = {}
    for _ in range(_TRIES):
        reply = batch_get(asked)
        found |= {table: items[0] for table, items in reply["Responses"].items() if items}
        asked = reply.get("UnprocessedKeys") or {}
        if not asked:
            item = found.get(own)
            return found.get(other), _usage(UsageItem.from_raw_data(item) if item else None)
    raise Conflict("Too many calls at the same time; try again.")


def change(account: str, change: Callable[[Usage], Usage]) -> Usage:
    """Change what is known of an account's usage: two network calls, one if nothing changes.

    Parameters
    ----------
    change
        Pure.

    Raises
    ------
    Conflict
        Others kept changing it.
    """
    for _ in range(_TRIES):
        item = _read(account, _NOW)
        before = _usage(item)
        following = change(before)
        if following == before or _write(account, _NOW, following.as_json(), item):
            return following
    raise Conflict("Others changed the account's usage at the same time.")


def all_accounts() -> Iterator[tuple[str, Usage]]:
    """Yield all accounts of which anything was counted: a Scan, 500 items with each call."""
    for item in UsageItem.scan(UsageItem.entry == _NOW, consistent_read=True, page_size=_PAGE):
        yield item.account, _usage(item)


def tell(rooms: Mapping[str, Room], *, is_all: bool = False) -> None:
    """Let all functions know what room accounts have left, with the next reading of the registry.

    It takes one network call, or two if there is anything new.

    Parameters
    ----------
    rooms
        By account; of accounts that have enough, others need not know.
    is_all
        Whether there are no other accounts.

    Raises
    ------
    Conflict
    """
    for _ in range(_TRIES):
        before = registry.read(registry.QUOTAS, registry.THIS)
        known = {} if is_all else dict((before or {}).get("full", {}))
        now = clock.moment().timestamp()
        # Of those that had to wait, time may have made others.
        full = {name: one for name, one in known.items() if is_full(Room.from_json(one), now)}
        for account, room in rooms.items():
            full.pop(account, None)
            if is_full(room, now):
                full[account] = {
                    name: one for name, one in room._asdict().items() if one is not None
                }
        following = {"default": dict(default_quota()), "full": _least_left(full)}
        if following == (before or {"default": {}, "full": {}}):
            return
        if registry.replace(registry.QUOTAS, registry.THIS, following, before=before):
            return
    raise Conflict("Others told at the same time of accounts without room.")


def _least_left(known: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return the accounts that have the least left, as many as every function may know."""
    if len(known) <= limits.FULL_ACCOUNTS:
        return dict(known)

    def left(account: str) -> tuple[int, str]:
        room = known[account]
        nothing = "until" in room or not all(room.get(one, 1) for one in ("objects", "uploads"))
        return (0 if nothing else room.get("bytes", limits.CONTENT_BYTES), account)

    return {account: known[account] for account in sorted(known, key=left)[: limits.FULL_ACCOUNTS]}


def tell_all() -> None:
    """Put right what functions know of accounts without room: see ``tell``."""
    default = default_quota()
    rooms = {name: one.room(quota_of(default, one.own)) for name, one in all_accounts()}
    tell(rooms, is_all=True)


# What a scrub sees, while changes go on


def begin_seeing(run: str) -> None:
    """Note what all accounts use before a scrub reads anything. Harmless to repeat.

    What earlier scrubs have left goes.
    """
    for item in UsageItem.scan(consistent_read=True, page_size=_PAGE):
        if item.entry == _NOW:
            _write(item.account, _SCRUB + run, _seen(0, NOTHING, _usage(item)), None)
        elif item.entry < _SCRUB + clock.id_of(clock.later(-_ABANDONED_SECONDS)):
            _remove(item)


_ABANDONED_SECONDS = 60 * 24 * 3600


def see(run: str, page: int, amounts: Mapping[str, Amount]) -> None:
    """Add what a scrub has read of accounts on one page. Harmless to repeat.

    Parameters
    ----------
    page
        Its number, greater than those before it.
    """
    for account, amount in amounts.items():
        _see(run, page, account, amount)


def _see(run: str, page: int, account: str, amount: Amount) -> None:
    for _ in range(_TRIES):
        item = _read(account, _SCRUB + run)
        if item is None:
            # Of an account that is new since the run began, nothing was counted before it.
            document = _seen(page, amount, Usage())
        elif item.document["page"] >= page:
            return
        else:
            seen = Amount(*item.document["seen"]).plus(amount)
            document = {**item.document, "page": page, "seen": list(seen)}
        if _write(account, _SCRUB + run, document, item):
            return
    raise Conflict("Others wrote what the scrub has seen at the same time.")


def end_seeing(run: str) -> Mapping[str, Amount]:
    """Put right what all accounts use by what a scrub has seen. Harmless to repeat.

    Returns
    -------
    What was wrong, by account.
    """
    wrong: dict[str, Amount] = {}
    is_of_run = UsageItem.entry == _SCRUB + run
    for item in UsageItem.scan(is_of_run, consistent_read=True, page_size=_PAGE):
        seen = Amount(*item.document["seen"])
        base = Usage.from_json(item.document["base"])
        before = get(item.account)
        after = change(item.account, partial(Usage.put_right, seen=seen, base=base))
        if after.corrected != before.corrected:
            wrong[item.account] = after.corrected.minus(before.corrected)
        _remove(item)
    return wrong


def _seen(page: int, amount: Amount, base: Usage) -> dict[str, Any]:
    return {"page": page, "seen": list(amount), "base": base.as_json()}


def _read(account: str, entry: str) -> UsageItem | None:
    try:
        found: UsageItem = UsageItem.get(account, entry, consistent_read=True)
    except DoesNotExist:
        return None
    return found


def _usage(item: UsageItem | None) -> Usage:
    return Usage() if item is None else Usage.from_json(item.document)


def _write(account: str, entry: str, document: dict[str, Any], before: UsageItem | None) -> bool:
    """Write an item if it has not changed since it was read; False if it has."""
    revision = clock.new_id(after=before.revision if before else "")
    unchanged: Condition = (
        UsageItem.account.does_not_exist()
        if before is None
        else UsageItem.revision == before.revision
    )
    try:
        UsageItem(account, entry, revision=revision, document=document).save(unchanged)
    except PutError as error:
        if is_condition_failure(error):
            return False
        raise
    return True


def _remove(item: UsageItem) -> None:
    try:
        item.delete(UsageItem.revision == item.revision)
    except DeleteError as error:
        if not is_condition_failure(error):
            raise
