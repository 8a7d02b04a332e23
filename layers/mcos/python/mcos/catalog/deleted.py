"""Deleted versions, which wait until they are due and may be taken back until then.

A version comes here from its object's record, which keeps it until it is here (``keep``). It leaves
in one of two ways, and each begins with a claim that excludes the other: ``claim_removal``, or
``claim``, by which it becomes the record's again. Only ``mcos.versions.undelete`` does that, and
says why it does so once.

A function that is late must not bring back what has left. So an item stays for an hour afterwards,
longer than any function runs; and of two deletions of a version the later one replaces the earlier.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pynamodb.exceptions import DeleteError, DoesNotExist, PutError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from mcos import clock, limits
from mcos.catalog.objects import container_key
from mcos.catalog.tables import DeletedItem, is_condition_failure
from mcos.model.deleted import Deleted, DeletedState
from mcos.model.documents import member
from mcos.model.kept import Kept
from mcos.model.objects import ObjectKey

_REMEMBERED_SECONDS = 3600
_RESTORING_SECONDS = 120  # longer than a function takes to take a version back

# DynamoDB's longest key is as long as the longest name, and the version comes behind the name.
_BEHIND = "\n"
_STEM_BYTES = 900
_BEHIND_BYTES = len(_BEHIND) + 26


def keep(key: ObjectKey, kept: Kept, *, cluster: str) -> None:
    """Write a version that was deleted, unless it is here or was: one network call."""
    item = item_of(Deleted(key, kept, DeletedState.KEPT, cluster, kept.due_at))
    is_new = DeletedItem.entry.does_not_exist() | (DeletedItem.deletion < kept.deletion)
    try:
        item.save(is_new)
    except PutError as error:
        if not is_condition_failure(error):
            raise


def item_of(found: Deleted) -> DeletedItem:
    """Return the item of a version that may be taken back."""
    return DeletedItem(
        *item_key(found.key, found.version_id),
        name=found.key.name,
        state=found.state,
        deletion=found.kept.deletion,
        cluster=found.cluster,
        due_at=found.due_at,
        document=found.kept.as_json(),
    )


def item_key(key: ObjectKey, version_id: str) -> tuple[str, str]:
    """Return the key of a version's item: its partition, and its entry there."""
    return container_key(key.account, key.container), _stem(key.name) + _BEHIND + version_id


def find(key: ObjectKey, version_id: str) -> Deleted | None:
    """Return a deleted version in any state, read strongly consistent: one network call."""
    return get(*item_key(key, version_id))


def get(partition: str, entry: str) -> Deleted | None:
    """As ``find``, by the key of the item."""
    try:
        return _deleted(DeletedItem.get(partition, entry, consistent_read=True))
    except DoesNotExist:
        return None


def of_object(key: ObjectKey) -> list[Deleted]:
    """Return the deleted versions of an object in any state, the oldest first; consistent."""
    found = DeletedItem.query(
        container_key(key.account, key.container),
        DeletedItem.entry.startswith(_stem(key.name) + _BEHIND),
        consistent_read=True,
    )
    mine = [_deleted(item) for item in found if item.name == key.name]
    return sorted(mine, key=lambda one: one.version_id)


@dataclass(frozen=True)
class DeletedPage:
    """Deleted versions by name, the older of a name first; and the marker of the next page."""

    deleted: list[Deleted]
    next_marker: str | None


def page(account: str, container: str, *, prefix: str, marker: str, limit: int) -> DeletedPage:
    """Return a page of the versions of a container that may be taken back: one Query, consistent.

    It may be shorter than ``limit`` although more follow.

    Parameters
    ----------
    marker
        ``next_marker`` of the page before; empty: this is the first.
    """
    partition, stem = container_key(account, container), _cut(prefix)
    start = {"container_key": {"S": partition}, "entry": {"S": marker}} if marker else None
    if marker and not marker.startswith(stem):
        return DeletedPage([], None)
    found = DeletedItem.query(
        partition,
        DeletedItem.entry.startswith(stem) if stem else None,
        consistent_read=True,
        last_evaluated_key=start,
        page_size=limit,
    )
    raw = next(found.page_iter)
    all_of_it = [_deleted(DeletedItem.from_raw_data(item)) for item in raw["Items"]]
    shown = [
        one
        for one in all_of_it
        if one.state is DeletedState.KEPT and one.key.name.startswith(prefix)
    ]
    last = raw.get("LastEvaluatedKey")
    return DeletedPage(shown, last["entry"]["S"] if last else None)


def claim(found: Deleted, by: str) -> bool:
    """Mark a version as RESTORING by a call; False if it cannot be taken back any more.

    Parameters
    ----------
    by
        Id of the call; another one that claims it later replaces it.
    """
    is_here = DeletedItem.state.is_in(DeletedState.KEPT.value, DeletedState.RESTORING.value)
    claimed: list[Action] = [
        DeletedItem.state.set(DeletedState.RESTORING.value),
        DeletedItem.claim.set(by),
        DeletedItem.due_at.set(clock.later(_RESTORING_SECONDS)),
    ]
    return _update(found, claimed, is_here)


def release(found: Deleted, by: str) -> None:
    """Mark a version as KEPT again if it is RESTORING by that call."""
    released: list[Action] = [
        DeletedItem.state.set(DeletedState.KEPT.value),
        DeletedItem.claim.remove(),
        DeletedItem.due_at.set(found.kept.due_at),
    ]
    _update(found, released, _is(DeletedState.RESTORING) & (DeletedItem.claim == by))


def confirm_restored(key: ObjectKey, version_id: str, deletion: str) -> None:
    """Mark a version that is its object's again as RESTORED: one network call.

    It must be done while the record has the version, or owes its removal: see ``uploads``.
    """
    partition, entry = item_key(key, version_id)
    restored: list[Action] = [
        DeletedItem.state.set(DeletedState.RESTORED.value),
        DeletedItem.due_at.set(clock.later(_REMEMBERED_SECONDS)),
    ]
    _change(
        partition,
        entry,
        restored,
        (DeletedItem.deletion == deletion) & _is(DeletedState.RESTORING),
    )


def claim_removal(found: Deleted) -> bool:
    """Mark a version that is due as REMOVING; False if it is not, or is being taken back."""
    is_due = _is(DeletedState.KEPT) & (DeletedItem.due_at <= clock.now())
    removing: list[Action] = [DeletedItem.state.set(DeletedState.REMOVING.value)]
    return _update(found, removing, is_due | _is(DeletedState.REMOVING))


def confirm_removed(found: Deleted, *, remember: bool) -> None:
    """Remove the item of a version whose copies' removals are in the queues.

    Parameters
    ----------
    remember
        Whether it stays for an hour, because a function may be about to write it.
    """
    if remember or found.kept.deleted_at > clock.later(-_REMEMBERED_SECONDS):
        removed: list[Action] = [
            DeletedItem.state.set(DeletedState.REMOVED.value),
            DeletedItem.due_at.set(clock.later(_REMEMBERED_SECONDS)),
        ]
        _update(found, removed, _is(DeletedState.REMOVING))
    else:
        _delete(found, _is(DeletedState.REMOVING))


def forget(found: Deleted) -> None:
    """Remove the item of a version that has left, if that was long ago."""
    has_left = DeletedItem.state.is_in(DeletedState.RESTORED.value, DeletedState.REMOVED.value)
    _delete(found, has_left & (DeletedItem.due_at <= clock.now()))


def hasten(found: Deleted) -> bool:
    """Make a version due now; False if it cannot be taken back any more in any case."""
    return _update(found, [DeletedItem.due_at.set(clock.now())], _is(DeletedState.KEPT))


def postpone(found: Deleted, seconds: float) -> None:
    """Have the sweeper look at a version that it cannot remove yet only after a while."""
    later: list[Action] = [DeletedItem.due_at.set(clock.later(seconds))]
    _update(found, later, _is(DeletedState.REMOVING))


def find_due(cluster: str, *, before: str, limit: int) -> list[tuple[str, str]]:
    """Return the items' keys of a cluster's deleted versions to look at before a time (RFC 3339).

    It is one Query of the index, eventually consistent, oldest first.
    """
    found = DeletedItem.due.query(
        cluster, DeletedItem.due_at < before, limit=limit, page_size=limit
    )
    return [(item.container_key, item.entry) for item in found]


@dataclass(frozen=True)
class DeletedScan:
    """Deleted versions in no particular order, in any state; and the cursor of the next page."""

    deleted: list[Deleted]
    cursor: dict[str, Any] | None


def scan(cursor: dict[str, Any] | None, *, limit: int) -> DeletedScan:
    """Return a page of all accounts' deleted versions, strongly consistent: one network call."""
    found = DeletedItem.scan(consistent_read=True, last_evaluated_key=cursor, page_size=limit)
    raw = next(found.page_iter)
    items = [_deleted(DeletedItem.from_raw_data(item)) for item in raw["Items"]]
    return DeletedScan(items, raw.get("LastEvaluatedKey"))


def of_image(image: Mapping[str, Any]) -> Deleted:
    """Return the deleted version in an image of the table's stream, in DynamoDB's JSON."""
    return _deleted(DeletedItem.from_raw_data(dict(image)))


def _stem(name: str) -> str:
    """Return what an item's key has of a name: all of it if it is short enough.

    Keys sort as the names do; a long name sorts by its first 900 bytes.
    """
    if len(name.encode()) + _BEHIND_BYTES <= limits.OBJECT_NAME_BYTES:
        return name
    return _cut(name) + _BEHIND + sha256(name.encode()).hexdigest()[:32]


def _cut(text: str) -> str:
    """Return the beginning of a name or prefix that every key of it has."""
    return text.encode()[:_STEM_BYTES].decode(errors="ignore")


def _is(state: DeletedState) -> Condition:
    condition: Condition = DeletedItem.state == state.value
    return condition


def _update(found: Deleted, actions: Iterable[Action], condition: Condition) -> bool:
    partition, entry = item_key(found.key, found.version_id)
    is_the_same = DeletedItem.deletion == found.kept.deletion
    return _change(partition, entry, actions, is_the_same & condition)


def _change(partition: str, entry: str, actions: Iterable[Action], condition: Condition) -> bool:
    try:
        DeletedItem(partition, entry).update(list(actions), condition)
    except UpdateError as error:
        if is_condition_failure(error):
            return False
        raise
    return True


def _delete(found: Deleted, condition: Condition) -> None:
    item = DeletedItem(*item_key(found.key, found.version_id))
    try:
        item.delete((DeletedItem.deletion == found.kept.deletion) & condition)
    except DeleteError as error:
        if not is_condition_failure(error):
            raise


def _deleted(item: DeletedItem) -> Deleted:
    account, _, container = item.container_key.partition("/")
    return Deleted(
        key=ObjectKey(account, container, item.name),
        kept=Kept.from_json(item.document),
        state=member(DeletedState, item.state),
        cluster=item.cluster,
        due_at=item.due_at,
    )
