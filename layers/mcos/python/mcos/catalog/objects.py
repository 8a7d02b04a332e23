"""The objects' records, read and changed one at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pynamodb.exceptions import DeleteError, DoesNotExist, PutError
from pynamodb.expressions.condition import Condition

from mcos import clock
from mcos.catalog.tables import ObjectItem, condition_failed
from mcos.errors import Conflict, McosError
from mcos.model.objects import ObjectKey, ObjectRecord

Transition = Callable[[ObjectRecord | None], ObjectRecord | None]
"""From a record to the next; None stands for an object that is not there."""

_TRIES = 12


def container_key(account: str, container: str) -> str:
    """Partition key of a container's objects; neither name can hold a slash."""
    return f"{account}/{container}"


def get(key: ObjectKey) -> ObjectRecord | None:
    """Read a record, strongly consistent: one network call."""
    account, container, name = key
    try:
        item = ObjectItem.get(container_key(account, container), name, consistent_read=True)
    except DoesNotExist:
        return None
    return record_of(item)


def change(key: ObjectKey, transition: Transition) -> ObjectRecord | None:
    """Read a record and move it on by ``transition``, whatever races: two network calls at best.

    Parameters
    ----------
    transition
        Pure; it may be called several times. It refuses by raising, and returns the record that
        it was given when nothing is to change.

    Returns
    -------
    The record that is there now.

    Raises
    ------
    Conflict
        The record was changed by others again and again.
    """
    return _apply(key, transition, get(key), read=True)


def change_guessed(
    key: ObjectKey, transition: Transition, guess: ObjectRecord | None
) -> ObjectRecord | None:
    """As ``change``, beginning with what is believed to be there: one network call at best.

    The write is conditional on the guess, and a refusal or "nothing to change" that rests on a
    guess is made sure of by a reading.
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
            following = revised(following, record)
        if changed and _write(key, record, following):
            return following
        if not changed and read:
            return record
        record, read = get(key), True
        if changed and record and following and record.revision == following.revision:
            # The driver tried twice: the first try was written and its reply lost.
            return following
    raise Conflict("The object was changed by others at the same time; try again.")


def _write(key: ObjectKey, record: ObjectRecord | None, following: ObjectRecord | None) -> bool:
    condition = unchanged(record)
    try:
        if following is None:
            account, container, name = key
            ObjectItem(container_key(account, container), name).delete(condition)
        else:
            item_of(following).save(condition)
    except (PutError, DeleteError) as error:
        if condition_failed(error):
            return False
        raise
    return True


def revised(following: ObjectRecord, record: ObjectRecord | None) -> ObjectRecord:
    """A record under the revision by which it is written in place of another one.

    Consumers of events tell by it which of two is the later.
    """
    return replace(following, revision=clock.new_id(after=record.revision if record else ""))


def unchanged(record: ObjectRecord | None) -> Condition:
    """That the object is what was read; None: that it is not there."""
    if record is None:
        return ObjectItem.name.does_not_exist()
    return ObjectItem.revision == record.revision


def item_of(record: ObjectRecord) -> ObjectItem:
    """The item of the table for a record."""
    return ObjectItem(
        container_key(record.account, record.container),
        record.name,
        revision=record.revision,
        state=record.state.value,
        document=_document(record),
        sweeper=record.sweeper if record.unsettled else None,
        unsettled_since=clock.now() if record.unsettled else None,
    )


_IN_KEY = ("account", "container", "name", "revision", "state")


def _document(record: ObjectRecord) -> dict[str, Any]:
    return {name: value for name, value in record.as_json().items() if name not in _IN_KEY}


def record_of(item: ObjectItem) -> ObjectRecord:
    """The record in an item of the table."""
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
    """The record in an image of the table's stream, in DynamoDB's JSON: ``{name: {"S": text}}``."""
    return record_of(ObjectItem.from_raw_data(dict(image)))


@dataclass(frozen=True)
class Page:
    """Records in the order of their names, and the name after which there may be more."""

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
) -> Page:
    """One Query, strongly consistent, however large the container.

    Parameters
    ----------
    prefix
        Only names that begin with it.
    after
        Only names behind this one, which begins with ``prefix`` itself.
    first
        Only names from this one on; at most one of ``after`` and ``first`` is given.
    limit
        Records at most; DynamoDB ends a page at 1 MiB as well.
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
    return Page(records, more_after=last["name"]["S"] if last else None)


def unsettled(cluster: str, *, before: str, limit: int) -> list[ObjectKey]:
    """Keys of objects that ``cluster`` looks after and that have waited since before a time.

    One Query of the sparse index, eventually consistent: oldest first.
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
    """Records in no order that means anything, and where to go on; None: there are no more."""

    records: list[ObjectRecord]
    cursor: dict[str, Any] | None


def scan(cursor: dict[str, Any] | None, *, limit: int) -> ScannedPage:
    """One page of all objects of all accounts, strongly consistent: one network call."""
    found = ObjectItem.scan(consistent_read=True, last_evaluated_key=cursor, page_size=limit)
    raw = next(found.page_iter)
    records = [record_of(ObjectItem.from_raw_data(item)) for item in raw["Items"]]
    return ScannedPage(records, raw.get("LastEvaluatedKey"))
