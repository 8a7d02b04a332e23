"""Shares, by the ids that their links' secrets make; what has expired is not there any more."""

from collections.abc import Callable
from dataclasses import dataclass

from pynamodb.exceptions import DeleteError, DoesNotExist

from mcos import clock
from mcos.catalog.tables import ShareItem, is_condition_failure
from mcos.model.objects import ObjectKey
from mcos.model.shares import Share


@dataclass(frozen=True)
class SharePage:
    """Shares of an account by id; and the marker of the next page."""

    shares: list[Share]
    next_marker: str | None


def add(share: Share) -> None:
    """Write a share: one network call."""
    ShareItem(
        share.id,
        account=share.key.account,
        container=share.key.container,
        name=share.key.name,
        object_created_at=share.object_created_at,
        created_at=share.created_at,
        expires_at=share.expires_at,
    ).save()


def find(share_id: str) -> Share | None:
    """Return a share that has not expired, read strongly consistent: one network call."""
    try:
        item = ShareItem.get(share_id, consistent_read=True)
    except DoesNotExist:
        return None
    return _share(item) if item.expires_at > clock.now() else None


def remove(account: str, share_id: str) -> bool:
    """Remove a share of an account; False if it has none of that id: one network call."""
    is_theirs = (ShareItem.account == account) & (ShareItem.expires_at > clock.now())
    try:
        ShareItem(share_id).delete(is_theirs)
    except DeleteError as error:
        if is_condition_failure(error):
            return False
        raise
    return True


def page(account: str, *, marker: str, limit: int) -> SharePage:
    """Return a page of an account's shares: one Query of an index, eventually consistent.

    It may be shorter than ``limit`` although more follow.

    Parameters
    ----------
    marker
        ``next_marker`` of the page before; empty: this is the first.
    """
    start = {"account": {"S": account}, "share": {"S": marker}} if marker else None
    found = ShareItem.of_account.query(account, last_evaluated_key=start, page_size=limit)
    raw = next(found.page_iter)
    now = clock.now()
    items = [ShareItem.from_raw_data(item) for item in raw["Items"]]
    last = raw.get("LastEvaluatedKey")
    return SharePage(
        [_share(item) for item in items if item.expires_at > now],
        last["share"]["S"] if last else None,
    )


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
    now = clock.now()
    removed = 0
    for item in ShareItem.scan(ShareItem.expires_at <= now, attributes_to_get=["share"]):
        if not has_time():
            break
        ShareItem(item.share).delete()  # no share is ever written again
        removed += 1
    return removed


def _share(item: ShareItem) -> Share:
    return Share(
        id=item.share,
        key=ObjectKey(item.account, item.container, item.name),
        object_created_at=item.object_created_at,
        created_at=item.created_at,
        expires_at=item.expires_at,
    )
