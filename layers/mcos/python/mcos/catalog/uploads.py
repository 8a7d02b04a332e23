"""Uploads, and events whose content is taken.

An upload becomes a version in three writes, each of which may be repeated by anybody: it is marked
as TAKING, which names the version; the object's record accepts the version; it is marked as TAKEN.
``take`` does all of it, ``confirm_taken`` says why a version is accepted once, and ``end`` is the
other way for an upload to go.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pynamodb.exceptions import DeleteError, DoesNotExist, PutError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from mcos import clock
from mcos.catalog import objects, usage
from mcos.catalog.tables import UploadItem, is_condition_failure
from mcos.errors import Conflict, McosError, OutcomeUnknown, UploadTaken
from mcos.model import lifecycle
from mcos.model.objects import ObjectRecord
from mcos.model.quotas import Usage
from mcos.model.reservation import is_reserved, reserved
from mcos.model.uploads import Upload, UploadState

Accept = Callable[[Upload, ObjectRecord | None], ObjectRecord]
"""Computes the record that has accepted an upload; see ``take``."""

_TRIES = 12
_REMEMBERED_SECONDS = 15 * 24 * 3600  # longer than SQS keeps a message
_PARTS = 24 * 60
_TAKING_SECONDS = 120  # longer than a function takes an upload
_OVER = "The upload was completed before, or has ended."

# Ids of uploads are ULIDs; ids of events sort after them and are never listed.
_BEHIND_UPLOADS = "a"


def create(upload: Upload) -> None:
    """Write a new upload."""
    _item(upload).save(UploadItem.upload.does_not_exist())


def get(account: str, upload_id: str) -> Upload | None:
    """Return an upload, read strongly consistent, or None: one network call.

    One that was taken so long ago that nothing can repeat it is as good as removed.
    """
    try:
        item = UploadItem.get(account, upload_id, consistent_read=True)
    except DoesNotExist:
        return None
    return None if _is_forgotten(item) else _upload(item)


def get_with_usage(account: str, upload_id: str) -> tuple[Upload | None, Usage]:
    """Return an upload, as ``get`` does, and what its account uses: one network call.

    Raises
    ------
    CatalogUnavailable, Conflict
    """
    image, used = usage.get_beside(UploadItem, {"account": account, "upload": upload_id}, account)
    item = None if image is None else UploadItem.from_raw_data(dict(image))
    return None if item is None or _is_forgotten(item) else _upload(item), used


def take(wanted: Upload, accept: Accept) -> tuple[Upload, ObjectRecord]:
    """Change the object of an upload, once, however often and by whomever it is tried.

    Parameters
    ----------
    wanted
        The upload as TAKING.
    accept
        Pure; it returns the record that has accepted the version that an upload, as TAKING, names.
        It is never given a record that has that version. It refuses by raising a ``McosError``.

    Returns
    -------
    The upload, which may name another version than ``wanted`` if it was tried before; and the
    record, which has that version.

    Raises
    ------
    UploadTaken
        It was taken before, or does not exist any more.
    Conflict
        Other calls kept changing the object.
    """
    for _ in range(_TRIES):
        record = objects.get(wanted.key)
        if _has(record, wanted.version):
            return wanted, _confirmed(wanted, record)
        try:
            accepted = accept(wanted, None if is_reserved(record) else record)
        except McosError:
            # Refused: unless the upload is over, or an earlier try has named another version.
            found = _begun(wanted)
            if found is None or found.version == wanted.version:
                raise
            wanted = found
            continue
        if record is None:
            record = objects.change(wanted.key, partial(_reserve, accepted, wanted.cluster))
            if not is_reserved(record):
                continue
        # The record was read before the upload is: see ``confirm_taken``.
        taking = _begin_taking(wanted)
        if taking.version != wanted.version:
            wanted = taking
            continue
        try:
            written = objects.accept_guessed(
                wanted.key, partial(_accept_unchanged, accept, taking, record), record
            )
        except (_Changed, OutcomeUnknown):
            continue
        return taking, _confirmed(taking, written)
    raise Conflict("Other calls changed the object at the same time; try again.")


class _Changed(McosError):
    """The record has changed since it was read, so the upload must be read again too."""


def _has(record: ObjectRecord | None, version_id: str | None) -> bool:
    """Whether a record has a version that was accepted, though perhaps only to be removed."""
    if record is None or version_id is None:
        return False
    dropped = any(removal.version == version_id for removal in record.removals)
    dropped = dropped or any(one.version.id == version_id for one in record.kept)
    return dropped or record.find(version_id) is not None


def _confirmed(taking: Upload, record: ObjectRecord | None) -> ObjectRecord:
    """Return the record that has accepted an upload's version, once the upload is TAKEN.

    Raises
    ------
    UploadTaken
        The version was dropped already.
    """
    version_id = taking.version or ""
    confirm_taken(taking.account, taking.id, version_id)
    if record is None or record.find(version_id) is None:
        raise UploadTaken(_OVER)
    return record


def _reserve(
    accepted: ObjectRecord, cluster: str, found: ObjectRecord | None
) -> ObjectRecord | None:
    return found or reserved(accepted.key, accepted.latest, cluster=cluster)


def _accept_unchanged(
    accept: Accept, taking: Upload, before: ObjectRecord | None, found: ObjectRecord | None
) -> ObjectRecord:
    if found is None or before is None or found.revision != before.revision:
        raise _Changed("The object has changed.")
    if _has(found, taking.version):
        return found
    return accept(taking, None if is_reserved(found) else found)


def _begin_taking(wanted: Upload) -> Upload:
    """Mark an upload as TAKING, or return it as it is if an earlier try did.

    Raises
    ------
    UploadTaken
    """
    if not wanted.is_event:
        is_open = UploadItem.state == UploadState.OPEN.value
    else:
        is_open = (
            UploadItem.upload.does_not_exist()
            | (UploadItem.sequencer < wanted.sequencer)
            | _has_expired()
        )
    if _write(wanted, is_open):
        return wanted
    found = _begun(wanted)
    if found is None:
        raise UploadTaken(_OVER)
    return found


def _begun(wanted: Upload) -> Upload | None:
    """Return an upload that another try has marked as TAKING; None if it is not taken yet.

    Raises
    ------
    UploadTaken
    """
    found = get(wanted.account, wanted.id)
    if wanted.is_event and (found is None or found.sequencer < wanted.sequencer):
        return None
    if found is None or found.sequencer > wanted.sequencer:
        raise UploadTaken(_OVER)
    if found.state is UploadState.OPEN:
        return None
    if found.is_event and found.state in (UploadState.ENDING, UploadState.ENDED):
        raise Conflict("Another try to take the content is being ended; try again later.")
    if found.state is not UploadState.TAKING:
        raise UploadTaken(_OVER)
    return found


def confirm_taken(account: str, upload_id: str, version_id: str) -> None:
    """Mark an upload, or event, that has become a version as TAKEN: one network call.

    It must be done while the object's record still has the version, or owes its removal.
    Whoever accepts the version reads the record first, then the upload, and writes the record only
    if it has not changed. So who finds the version in no record finds the upload TAKEN, and a
    version that was disposed of is never accepted again.
    """
    names_it = UploadItem.version == version_id
    is_begun = UploadItem.state.is_in(UploadState.TAKING.value, UploadState.ENDING.value)
    taken: list[Action] = [
        UploadItem.state.set(UploadState.TAKEN.value),
        UploadItem.expires_at.set(_remembered_until()),
    ]
    try:
        UploadItem(account, upload_id).update(taken, names_it & is_begun)
    except UpdateError as error:
        if not is_condition_failure(error):
            raise  # otherwise it is TAKEN already, or forgotten, or a later event


def update_open(upload: Upload) -> bool:
    """Replace an open upload; False, with nothing changed, if it is not open."""
    return _write(upload, UploadItem.state == UploadState.OPEN.value)


def end(upload: Upload) -> bool:
    """Mark an upload as ENDED; False if it was taken."""
    while True:
        if upload.state in (UploadState.TAKING, UploadState.ENDING):
            return _give_up(upload)
        is_open = UploadItem.state.is_in(UploadState.OPEN.value, UploadState.ENDED.value)
        if _write(replace(upload, state=UploadState.ENDED), is_open):
            return True
        found = get(upload.account, upload.id)
        if found is None:
            return True
        if found.state not in (UploadState.TAKING, UploadState.ENDING):
            return False
        upload = found


def _give_up(upload: Upload) -> bool:
    """End an upload that another call may be taking at this moment; False if it was taken.

    Once it is ENDING, nobody begins to accept its version. Who has begun before has read the
    record before, so the record gets another revision. Then it shows what has become of it.
    """
    version_id = upload.version or ""
    names_it = UploadItem.version == version_id
    is_begun = UploadItem.state.is_in(UploadState.TAKING.value, UploadState.ENDING.value)
    if _write(replace(upload, state=UploadState.ENDING), names_it & is_begun):
        record = objects.change(upload.key, lifecycle.touch)
        if _has(record, version_id):
            confirm_taken(upload.account, upload.id, version_id)
            return False
        is_ending = UploadItem.state == UploadState.ENDING.value
        if _write(replace(upload, state=UploadState.ENDED), is_ending):
            return True
    found = get(upload.account, upload.id)
    return found is None or found.state is UploadState.ENDED


def postpone(upload: Upload) -> None:
    """Have the sweeper look at an upload that is TAKING only after a while."""
    _write(upload, UploadItem.state == UploadState.TAKING.value)


def remove(upload: Upload) -> None:
    """Remove the item of an ENDED upload; any other stays."""
    _delete(upload.account, upload.id, UploadItem.state == UploadState.ENDED.value)


def forget(account: str, upload_id: str) -> None:
    """Remove the item of an upload that was taken so long ago that nothing can repeat it."""
    _delete(account, upload_id, _has_expired())


@dataclass(frozen=True)
class UploadScan:
    """A page of all accounts' uploads and events, and where the next begins; None: the last."""

    uploads: list[Upload]
    cursor: dict[str, Any] | None


def scan(cursor: dict[str, Any] | None, *, limit: int) -> UploadScan:
    """Return a page of all accounts' uploads, strongly consistent: one network call."""
    found = UploadItem.scan(consistent_read=True, last_evaluated_key=cursor, page_size=limit)
    raw = next(found.page_iter)
    return UploadScan([of_image(item) for item in raw["Items"]], raw.get("LastEvaluatedKey"))


def of_image(image: Mapping[str, Any]) -> Upload:
    """Return the upload in an image of the table's stream, in DynamoDB's JSON."""
    return _upload(UploadItem.from_raw_data(dict(image)))


def forget_those_without_an_end() -> int:
    """Remove what release 0.1.0 has left to DynamoDB's time to live, in a part of the table.

    Each minute has a part of its own, so that a day has gone through all. Returns their number.
    """
    now = clock.moment().timestamp()
    is_old = (UploadItem.state == UploadState.TAKEN.value) & (UploadItem.expires < now)
    part = int(now // 60) % _PARTS
    old = list(UploadItem.scan(is_old, segment=part, total_segments=_PARTS))
    for item in old:
        _delete(item.account, item.upload, is_old)
    return len(old)


def _delete(account: str, upload_id: str, condition: Condition) -> None:
    try:
        UploadItem(account, upload_id).delete(condition)
    except DeleteError as error:
        if not is_condition_failure(error):
            raise


@dataclass(frozen=True)
class UploadPage:
    """Uploads in the order of their beginning, and the id after which the next page begins."""

    uploads: list[Upload]
    more_after: str | None


def page(account: str, *, after: str | None, limit: int) -> UploadPage:
    """Return a page of an account's uploads after the id ``after``: one Query, consistent.

    It has those that are open or were taken, and may be shorter than ``limit``.
    """
    start = {"account": {"S": account}, "upload": {"S": after}} if after is not None else None
    found = UploadItem.query(
        account,
        UploadItem.upload < _BEHIND_UPLOADS,
        consistent_read=True,
        last_evaluated_key=start,
        page_size=limit,
    )
    raw = next(found.page_iter)
    items = [UploadItem.from_raw_data(item) for item in raw["Items"]]
    over = (UploadState.ENDING.value, UploadState.ENDED.value)
    uploads = [
        _upload(item) for item in items if item.state not in over and not _is_forgotten(item)
    ]
    last = raw.get("LastEvaluatedKey")
    return UploadPage(uploads, more_after=last["upload"]["S"] if last else None)


def find_expired(cluster: str, *, before: str, limit: int) -> list[tuple[str, str]]:
    """Return account and id of a cluster's uploads to look at before a time (RFC 3339): those that
    have expired, that are still being taken, or that were taken long ago.

    It is one Query of the sparse index, eventually consistent, oldest first.
    """
    found = UploadItem.expiring.query(
        cluster, UploadItem.expires_at < before, limit=limit, page_size=limit
    )
    return [(item.account, item.upload) for item in found]


def are_unfinished(cluster: str) -> bool:
    """Whether any upload of a cluster still waits for content, or is being taken.

    All that the cluster had in the last weeks are read, a hundred with each call.
    """
    over = (UploadState.TAKEN.value, UploadState.ENDED.value)
    keys = [(item.account, item.upload) for item in UploadItem.expiring.query(cluster)]
    return any(item.state not in over for item in UploadItem.batch_get(keys, consistent_read=True))


def _write(upload: Upload, condition: Condition) -> bool:
    try:
        _item(upload).save(condition)
    except PutError as error:
        if is_condition_failure(error):
            return False
        raise
    return True


def _item(upload: Upload) -> UploadItem:
    return UploadItem(
        upload.account,
        upload.id,
        state=str(upload.state),
        version=upload.version,
        document=upload.as_json(),
        cluster=upload.cluster,
        expires_at=_look_after(upload),
        sequencer=upload.sequencer or None,
    )


def _look_after(upload: Upload) -> str:
    """Return the time after which the sweeper must look at an upload."""
    if upload.state is UploadState.TAKEN:
        return _remembered_until()
    if upload.state in (UploadState.TAKING, UploadState.ENDING):
        return clock.later(_TAKING_SECONDS)
    return upload.expires_at


def _remembered_until() -> str:
    """Return the time until which a taken upload is kept."""
    return clock.later(_REMEMBERED_SECONDS)


def _has_expired() -> Condition:
    """Return the condition that an item was taken so long ago that nothing can repeat it."""
    condition: Condition = (UploadItem.state == UploadState.TAKEN.value) & (
        UploadItem.expires_at < clock.now()
    )
    return condition


def _is_forgotten(item: UploadItem) -> bool:
    if item.state != UploadState.TAKEN.value:
        return False
    if item.expires is not None:
        return bool(item.expires < clock.moment().timestamp())
    return bool((item.expires_at or "") < clock.now())


def _upload(item: UploadItem) -> Upload:
    # ``confirm_taken`` changes no documents.
    return Upload.from_json({**item.document, "state": item.state})
