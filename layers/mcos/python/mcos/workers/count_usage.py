"""count_usage: count what accounts use, by the changes that the tables' streams tell of.

A batch may come again, and batches in any order: sums mind no order, and the usage of an account
remembers which changes were counted last. What slips through, because the same changes came again
in other batches, is put right by the next scrub (``mcos.scrub.census``).
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from mcos.catalog import accounts, deleted, objects, uploads, usage
from mcos.catalog.journaled import Image
from mcos.model.accounts import Given
from mcos.model.quotas import (
    NOTHING,
    Amount,
    Usage,
    amount_of_deleted,
    amount_of_record,
    amount_of_upload,
    quota_of,
    uploads_begun_between,
    writes_between,
)
from mcos.settings import default_quota
from mcos.workers.write_journal import Write

_log = logging.getLogger(__name__)

_REMEMBERED = 32
"""Batches that may be on their way again when a batch is counted: far more than there are."""


@dataclass
class _Change:
    """What a batch changes for one account."""

    added: Amount = NOTHING
    removed: Amount = NOTHING
    writes: int = 0
    at: float = 0
    own: Given | None = None
    of: list[str] = field(default_factory=list)

    @property
    def mark(self) -> str:
        """What tells these changes from all others."""
        return sha256(" ".join(self.of).encode()).hexdigest()[:16]


def count_usage(writes: Sequence[Write]) -> int:
    """Count what a batch of writes to the tables of objects, deleted versions, uploads and accounts
    changes. Harmless to repeat.

    It takes two network calls for each account whose usage changes, and two if one of these has
    little room left.

    Returns
    -------
    The number of accounts whose usage has changed.

    Raises
    ------
    Conflict, PynamoDBException
        Deliver the writes again.
    """
    changes: dict[str, _Change] = {}
    for write in writes:
        try:
            _add(changes, write)
        except Exception:
            # It must not hold up all others; the next scrub counts it.
            _log.exception("a write cannot be counted")
    if not changes:
        return 0
    default, rooms = default_quota(), {}
    for account, one in changes.items():
        after = usage.change(account, _counting(one, default))
        rooms[account] = after.room(quota_of(default, after.own))
    usage.tell(rooms)
    return len(changes)


def _counting(one: _Change, default: Given) -> Callable[[Usage], Usage]:
    def counted(before: Usage) -> Usage:
        if one.mark in before.counted:
            return before
        own = before.own if one.own is None else one.own
        following = replace(
            before,
            added=before.added.plus(one.added),
            removed=before.removed.plus(one.removed),
            own=own,
            counted=(*before.counted, one.mark)[-_REMEMBERED:],
        )
        rate = quota_of(default, own).writes_per_second
        return following.with_writes(one.writes, one.at, rate)

    return counted


def _add(changes: dict[str, _Change], write: Write) -> None:
    count = _COUNTS.get(write.table)
    if count is None:
        return
    account, one = count(write.old, write.new)
    if one == _Change():
        return
    found = changes.setdefault(account, _Change())
    found.added, found.removed = found.added.plus(one.added), found.removed.plus(one.removed)
    found.writes += one.writes
    found.at = max(found.at, write.at.timestamp())
    found.own = found.own if one.own is None else one.own
    found.of.append(f"{write.table}/{write.sequence}")


def _difference(before: Amount, after: Amount) -> _Change:
    change = after.minus(before)
    return _Change(
        added=Amount(*(max(0, one) for one in change)),
        removed=Amount(*(max(0, -one) for one in change)),
    )


def _of_object(old: Image | None, new: Image | None) -> tuple[str, _Change]:
    before, after = (objects.record_of_image(one) if one else None for one in (old, new))
    change = _difference(amount_of_record(before), amount_of_record(after))
    change.writes = writes_between(before, after)
    shown = after or before
    return shown.account if shown else "", change


def _of_deleted(old: Image | None, new: Image | None) -> tuple[str, _Change]:
    before, after = (deleted.of_image(one) if one else None for one in (old, new))
    shown = after or before
    account = shown.key.account if shown else ""
    return account, _difference(amount_of_deleted(before), amount_of_deleted(after))


def _of_upload(old: Image | None, new: Image | None) -> tuple[str, _Change]:
    before, after = (uploads.of_image(one) if one else None for one in (old, new))
    shown = after or before
    change = _difference(amount_of_upload(before), amount_of_upload(after))
    change.writes = uploads_begun_between(before, after)
    return shown.account if shown else "", change


def _of_account(old: Image | None, new: Image | None) -> tuple[str, _Change]:
    before, after = (accounts.quota_of_image(one) if one else None for one in (old, new))
    name: str = (new or old or {})["user_name"]["S"]
    return name, _Change(own=after) if after is not None and after != before else _Change()


_COUNTS: Mapping[str, Callable[[Image | None, Image | None], tuple[str, Any]]] = {
    "objects": _of_object,
    "deleted": _of_deleted,
    "uploads": _of_upload,
    "accounts": _of_account,
}
