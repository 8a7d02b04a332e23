"""The records of objects, read and changed one at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pynamodb.exceptions import DeleteError, DoesNotExist, PutError
from pynamodb.expressions.condition import Condition

from mcos import clock
from mcos.catalog.tables import ObjectItem, is_condition_failure
from mcos.errors import Conflict, McosError
from mcos.model.objects import ObjectKey, ObjectRecord

Transition = Callable[[ObjectRecord | None], ObjectRecord | None]
"""Computes the next record from a record; None stands for an object that does not exist."""

_TRIES = 12


def container_key(account: str, container: str) -> str:
    """Return the partition key of a container's objects; neither name may contain a slash."""
    return f"{account}/{container}"


def get(key: ObjectKey) -> ObjectRecord | None:
    """Return a record, read strongly consistent, or None: one network call."""
    account, container, name = key
    try:
        item = ObjectItem.get(container_key(account, container), name, consistent_read=True)
    except DoesNotExist:
        return None
    return record_of(item)


def change(key: ObjectKey, transition: Transition) -> ObjectRecord | None:
    """Read a record and write what ``transition`` returns, repeated while other calls change it.

    It takes two network calls if nothing races.

    Parameters
    ----------
    transition
        Pure; it may be called several times. It refuses by raising a ``McosError``, and returns
        the record that it was given to change nothing.

    Returns
    -------
    The record as it is now.

    Raises
    ------
    Conflict
        Other calls kept changing the record.
    """
    return _apply(key, transition, get(key), read=True)


def change_guessed(
    key: ObjectKey, transition: Transition, guess: ObjectRecord | None
) -> ObjectRecord | None:
    """As ``change``, but start from a guess of the record: one network call if it is right.

    The write is conditional on the guess. If the transition of a guess refuses or changes nothing,
    the record is read and the transition applied again.
    """
    return _apply(key, transition, guess, read=False)


def _apply(
    key: ObjectKey, transition: Transition, record: ObjectRecord | None, *, read: bool
) -> ObjectRecord | None:
    for _ in range(_TRIES):
        try:
            following = transition(record)
        except McosError:
            if read:
                raise
            following = record
        changed = following is not record
        if changed and following is not None:
            following = with_revision(following, record)
        if changed and _write(key, record, following):
            return following
        if not changed and read:
            return record
        record, read = get(key), True
        if changed and record and following and record.revision == following.revision:
            # The driver tried twice: the first try was written and its reply was lost.
            return following
    raise Conflict("Other calls changed the object at the same time; try again.")


def _write(key: ObjectKey, record: ObjectRecord | None, following: ObjectRecord | None) -> bool:
    condition = unchanged_condition(record)
    try:
        if following is None:
            account, container, name = key
            ObjectItem(container_key(account, container), name).delete(condition)
        else:
            item_of(following).save(condition)
    except (PutError, DeleteError) as error:
        if is_condition_failure(error):
            return False
        raise
    return True


def with_revision(following: ObjectRecord, record: ObjectRecord | None) -> ObjectRecord:
    """Return ``following`` with a new revision, greater than that of ``record``.

    Consumers of events compare revisions to order events.
    """
    return replace(following, revision=clock.new_id(after=record.revision if record else ""))


def unchanged_condition(record: ObjectRecord | None) -> Condition:
    """Return the condition that the object has not changed; None: that it does not exist."""
    if record is None:
        return ObjectItem.name.does_not_exist()
    return ObjectItem.revision == record.revision


def item_of(record: ObjectRecord) -> ObjectItem:
    """Return the table's item for a record."""
    return ObjectItem(
        container_key(record.account, record.container),
        record.name,
        revision=record.revision,
        state=record.state.value,
        document=_document(record),
        sweeper=record.sweeper if record.is_unsettled else None,
        unsettled_since=clock.now() if record.is_unsettled else None,
    )


_IN_KEY = ("account", "container", "name", "revision", "state")


def _document(record: ObjectRecord) -> dict[str, Any]:
    return {name: value for name, value in record.as_json().items() if name not in _IN_KEY}


def record_of(item: ObjectItem) -> ObjectRecord:
    """Return the record in an item of the table."""
    account, _, container = item.container_key.partition("/")
    return ObjectRecord.from_json(
        {
            **item.document,
            "account": account,
            "container": container,
            "name": item.name,
            "revision": item.revision,
            "state": item.state,
        }
    )


def record_of_image(image: Mapping[str, Any]) -> ObjectRecord:
    """Return the record in an image of the table's stream, in DynamoDB's JSON."""
    return record_of(ObjectItem.from_raw_data(dict(image)))


@dataclass(frozen=True)
class RecordPage:
    """Records in the order of their names, and the name after which the next page begins."""

    records: list[ObjectRecord]
    more_after: str | None


def page(
    account: str,
    container: str,
    *,
    prefix: str,
    after: str | None,
    first: str | None,
    limit: int,
) -> RecordPage:
    """Return a page of a container's records: one Query, strongly consistent.

    Parameters
    ----------
    prefix
        Only names that begin with it; ``first`` replaces it.
    after
        Only names after this one, which must begin with ``prefix``.
    first
        Only names from this one on; at most one of ``after`` and ``first`` may be given.
    limit
        Most records; DynamoDB also ends a page at 1 MiB.
    """
    partition = container_key(account, container)
    condition: Condition | None = None
    if first is not None:
        condition = ObjectItem.name >= first
    elif prefix:
        condition = ObjectItem.name.startswith(prefix)
    start = {"container_key": {"S": partition}, "name": {"S": after}} if after is not None else None
    found = ObjectItem.query(
        partition,
        condition,
        consistent_read=True,
        last_evaluated_key=start,
        page_size=limit,
    )
    raw = next(found.page_iter)
    records = [record_of(ObjectItem.from_raw_data(item)) for item in raw["Items"]]
    last = raw.get("LastEvaluatedKey")
    return RecordPage(records, more_after=last["name"]["S"] if last else None)


def find_unsettled(cluster: str, *, before: str, limit: int) -> list[ObjectKey]:
    """Return the keys of unsettled objects of a sweeper that were last written before a time.

    It is one Query of the sparse index, eventually consistent, oldest first.

    Parameters
    ----------
    cluster
        The sweeper's cluster.
    before
        RFC 3339.
    limit
        Most keys.
    """
    found = ObjectItem.unsettled.query(
        cluster, ObjectItem.unsettled_since < before, limit=limit, page_size=limit
    )
    keys = []
    for item in found:
        account, _, container = item.container_key.partition("/")
        keys.append(ObjectKey(account, container, item.name))
    return keys


@dataclass(frozen=True)
class ScannedPage:
    """Records in no particular order, and the cursor of the next page; None: this is the last."""

    records: list[ObjectRecord]
    cursor: dict[str, Any] | None


def scan(cursor: dict[str, Any] | None, *, limit: int) -> ScannedPage:
    """Return a page of all accounts' objects, strongly consistent: one network call."""
    found = ObjectItem.scan(consistent_read=True, last_evaluated_key=cursor, page_size=limit)
    raw = next(found.page_iter)
    records = [record_of(ObjectItem.from_raw_data(item)) for item in raw["Items"]]
    return ScannedPage(records, raw.get("LastEvaluatedKey"))
