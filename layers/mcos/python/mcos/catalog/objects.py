"""The records of objects, read and changed one at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pynamodb.exceptions import DeleteError, DoesNotExist, PutError
from pynamodb.expressions.condition import Condition

from mcos import clock, limits
from mcos.catalog.tables import (
    ObjectItem,
    has_no_reply,
    is_condition_failure,
    is_not_done,
    read,
    read_again,
)
from mcos.errors import Busy, Conflict, McosError, OutcomeUnknown, Superseded
from mcos.model.objects import ObjectKey, ObjectRecord

Transition = Callable[[ObjectRecord | None], ObjectRecord | None]
"""Computes the next record from a record; None stands for an object that does not exist."""

_used_at: datetime | None = None
"""When the table answered last; None: this process has asked nothing yet."""

_TRIES = 12
_SENT_AT_MOST = 3
_PAUSE_SECONDS = 0.05

# Between two looks of the sweeper at an object that stays as it is.
_FIRST_PAUSE_SECONDS = 60
_LAST_PAUSE_SECONDS = 3600

# After so many looks the sweeper takes objects that are new to it first.
_LOOKS = 2


def forget() -> None:
    """Be a process that has asked nothing yet."""
    global _used_at
    _used_at = None


def _note_use() -> None:
    global _used_at
    _used_at = clock.moment()


def container_key(account: str, container: str) -> str:
    """Return the partition key of a container's objects; neither name may contain a slash."""
    return f"{account}/{container}"


def get(key: ObjectKey) -> ObjectRecord | None:
    """Return a record, read strongly consistent, or None: one network call."""
    account, container, name = key
    try:
        partition = container_key(account, container)
        item = read(
            lambda strong: read_again(
                lambda: ObjectItem.get(partition, name, consistent_read=strong)
            )
        )
    except DoesNotExist:
        _note_use()
        return None
    _note_use()
    return _record_of(item)


def change(key: ObjectKey, transition: Transition) -> ObjectRecord | None:
    """Read a record and write what ``transition`` returns, repeated while other calls change it.

    It takes two network calls if nothing races.

    Parameters
    ----------
    transition
        Pure; it may be called several times, and its result may be written twice. It refuses by
        raising a ``McosError``, and returns the record that it was given to change nothing.

    Returns
    -------
    The record as it is now.

    Raises
    ------
    Conflict
        Other calls kept changing the record.
    """
    return _apply(key, transition, get(key), read=True, once=False)


def change_guessed(
    key: ObjectKey, transition: Transition, guess: ObjectRecord | None
) -> ObjectRecord | None:
    """As ``change``, but start from a guess of the record: one network call if it is right.

    The write is conditional on the guess. If the transition of a guess refuses or changes nothing,
    the record is read and the transition applied again.
    """
    return _apply(key, transition, guess, read=False, once=False)


def accept(key: ObjectKey, transition: Transition) -> ObjectRecord:
    """As ``change``, but the transition takes effect at most once: it accepts a change.

    Raises
    ------
    OutcomeUnknown
        A write had no reply, and the record does not show its outcome: other calls have changed
        the record since, and may have disposed of the accepted version.
    """
    return accept_read(key, transition, get(key))


def accept_read(
    key: ObjectKey, transition: Transition, record: ObjectRecord | None
) -> ObjectRecord:
    """As ``accept``, with the record as it was just read."""
    return _accepted(_apply(key, transition, record, read=True, once=True))


def accept_guessed(
    key: ObjectKey, transition: Transition, guess: ObjectRecord | None
) -> ObjectRecord:
    """As ``accept``, but start from a guess of the record: one network call if it is right.

    A function that was idle reads first. Its connection may have been closed meanwhile, and of a
    write over a closed connection nobody can tell whether it was done.
    """
    idle = timedelta(seconds=limits.IDLE_SECONDS)
    if _used_at is not None and not timedelta(0) <= clock.moment() - _used_at <= idle:
        return accept_read(key, transition, get(key))
    return _accepted(_apply(key, transition, guess, read=False, once=True))


def _accepted(record: ObjectRecord | None) -> ObjectRecord:
    if record is None:
        raise AssertionError("an accepted change must leave a record")
    return record


class _Written(StrEnum):
    """Outcome of a conditional write."""

    DONE = "done"
    REFUSED = "refused: the record has changed"
    NOT_DONE = "not done: the table is busy or unreachable"
    UNKNOWN = "unknown: there was no reply"


def _apply(
    key: ObjectKey,
    transition: Transition,
    record: ObjectRecord | None,
    *,
    read: bool,
    once: bool,
) -> ObjectRecord | None:
    # The revisions that writes of unknown outcome would have written; "": the record's deletion.
    doubtful: set[str] = set()
    attempted: ObjectRecord | None = None
    for number in range(_TRIES):
        try:
            following = transition(record)
        except McosError:
            if read:
                raise
            following = record
        is_changed = following is not record
        if not is_changed and read:
            # What was accepted may have been changed by others since: the caller gets its own.
            return attempted if once and attempted else record
        if is_changed:
            following = following and with_revision(following, record)
            try:
                written = _write(key, record, following, is_last=number >= _SENT_AT_MOST - 1)
            except (PutError, DeleteError) as error:
                if once and not doubtful and is_not_done(error):
                    raise Busy("The catalog is busy; nothing was accepted.") from error
                raise
            if written is _Written.DONE:
                return following
            if written is _Written.NOT_DONE:
                clock.sleep(_PAUSE_SECONDS * 2**number)
            if written is _Written.UNKNOWN:
                doubtful.add(following.revision if following else "")
                attempted = following
        before, record, read = record, get(key), True
        if doubtful and (record.revision if record else "") in doubtful:
            return record
        if doubtful and once and not _is_the_same(before, record):
            # The change may have been accepted and disposed of: never accept it a second time.
            _check_known(record, transition)
            return attempted
    raise Conflict("Other calls changed the object at the same time; try again.")


def _is_the_same(before: ObjectRecord | None, now: ObjectRecord | None) -> bool:
    """Whether a record has not changed since before a write; revisions are never reused.

    A record that does not exist may have been created and deleted meanwhile, so it does not count.
    """
    return before is not None and now is not None and before.revision == now.revision


def _check_known(record: ObjectRecord | None, transition: Transition) -> None:
    """Check that the record shows that the change was accepted.

    Raises
    ------
    OutcomeUnknown, Superseded
    """
    try:
        if record is not None and transition(record) is record:
            return
    except Superseded:
        raise
    except McosError:
        pass  # the transition was refused, as if it had not been accepted
    raise OutcomeUnknown("The change may have been accepted. Read the object before you try again.")


def _write(
    key: ObjectKey, record: ObjectRecord | None, following: ObjectRecord | None, *, is_last: bool
) -> _Written:
    """Write a record in place of another; the request is never repeated.

    Parameters
    ----------
    is_last
        Whether to raise failures instead of returning them, because there will be no other try.
    """
    condition = _unchanged(record)
    try:
        if following is None:
            account, container, name = key
            ObjectItem(container_key(account, container), name).delete(condition)
        else:
            item_of(following).save(condition)
    except (PutError, DeleteError) as error:
        if is_condition_failure(error):
            _note_use()
            return _Written.REFUSED
        if is_not_done(error) and not is_last:
            return _Written.NOT_DONE
        if has_no_reply(error) and not is_last:
            return _Written.UNKNOWN
        raise
    _note_use()
    return _Written.DONE


def with_revision(following: ObjectRecord, record: ObjectRecord | None) -> ObjectRecord:
    """Return ``following`` with a new revision, greater than that of ``record``.

    Consumers of events compare revisions to order events. Whatever changes but for a look of the
    sweeper, it looks soon again, and nothing is missed yet.
    """
    is_looked_at = record is not None and following.sweeps != record.sweeps
    return replace(
        following,
        revision=clock.new_id(after=record.revision if record else ""),
        sweeps=following.sweeps if is_looked_at else 0,
        missed_since=following.missed_since if is_looked_at else None,
    )


def _unchanged(record: ObjectRecord | None) -> Condition:
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
        sweeper=_partition(record) if record.is_unsettled else None,
        unsettled_since=_due(record) if record.is_unsettled else None,
    )


def waiting_for(cluster: str) -> str:
    """Return the partition of the index for objects that only wait for a cluster's replica.

    They are not among those of their sweeper: a long outage must not hide what was just taken.
    """
    return f"missing/{cluster}"


def looked_at_by(sweeper: str) -> str:
    """Return the partition of the index for objects that a sweeper has looked at several times."""
    return f"again/{sweeper}"


def _partition(record: ObjectRecord) -> str:
    """Return where the index has an unsettled object: whoever can do something looks there."""
    missing, current = record.waits_for, record.current
    if len(missing) == 1 and current is not None and current.is_readable:
        return waiting_for(missing[0])
    return looked_at_by(record.sweeper) if record.sweeps > _LOOKS else record.sweeper


def _due(record: ObjectRecord) -> str:
    """Return the time from which the sweeper counts: later each time that it has looked in vain."""
    return clock.later(_pause(record.sweeps)) if record.sweeps else clock.now()


def _pause(sweeps: int) -> float:
    """Return how long a sweeper waits at least after so many looks, in seconds."""
    return min(_FIRST_PAUSE_SECONDS * 2.0 ** min(sweeps - 1, 20), _LAST_PAUSE_SECONDS)


def waited_seconds(record: ObjectRecord, moment: datetime) -> float:
    """Return for how long an unsettled object has waited at least, in seconds.

    A version that cannot be read without staging waits since it was made. Else it is the time since
    the sweeper's last look, and what lay between its looks, since the object changed last.
    """
    looked_at = clock.made_at(record.revision)
    since = (moment - looked_at).total_seconds() if looked_at else 0.0
    pauses = (limits.SWEPT_AFTER_SECONDS + _pause(look) for look in range(1, record.sweeps))
    made = [one.created_at for one in record.versions if not one.is_readable]
    ages = [(moment - datetime.fromisoformat(one)).total_seconds() for one in made]
    return max(since + sum(pauses), *ages, 0.0)


_IN_KEY = ("account", "container", "name", "revision", "state")


def _document(record: ObjectRecord) -> dict[str, Any]:
    return {name: value for name, value in record.as_json().items() if name not in _IN_KEY}


def _record_of(item: ObjectItem) -> ObjectRecord:
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
    return _record_of(ObjectItem.from_raw_data(dict(image)))


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

    def query(strong: bool) -> dict[str, Any]:
        found = ObjectItem.query(
            partition,
            condition,
            consistent_read=strong,
            last_evaluated_key=start,
            page_size=limit,
        )
        return read_again(lambda: next(found.page_iter))

    raw = read(query)
    records = [_record_of(ObjectItem.from_raw_data(item)) for item in raw["Items"]]
    last = raw.get("LastEvaluatedKey")
    return RecordPage(records, more_after=last["name"]["S"] if last else None)


def find_unsettled(partition: str, *, before: str, limit: int) -> list[ObjectKey]:
    """Return the keys of unsettled objects that the sweeper has to look at before a time.

    It is one Query of the sparse index, eventually consistent, oldest first.

    Parameters
    ----------
    partition
        The sweeper's cluster, or see ``waiting_for`` and ``looked_at_by``.
    before
        RFC 3339.
    limit
        Most keys.
    """
    found = ObjectItem.unsettled.query(
        partition, ObjectItem.unsettled_since < before, limit=limit, page_size=limit
    )
    keys = []
    for item in read_again(lambda: list(found)):
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
    raw = read_again(lambda: next(found.page_iter))
    records = [_record_of(ObjectItem.from_raw_data(item)) for item in raw["Items"]]
    return ScannedPage(records, raw.get("LastEvaluatedKey"))
