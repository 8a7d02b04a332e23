"""Uploads, and events whose content was taken."""

from dataclasses import dataclass, replace

from pynamodb.exceptions import DeleteError, DoesNotExist, PutError, TransactWriteError
from pynamodb.expressions.condition import Condition

from mcos import clock
from mcos.catalog import objects
from mcos.catalog.objects import Transition
from mcos.catalog.tables import UploadItem, is_condition_failure
from mcos.catalog.transactions import is_lost_race, transaction
from mcos.errors import Conflict, UploadTaken
from mcos.model.objects import ObjectRecord
from mcos.model.uploads import Upload, UploadState

_TRIES = 12
_REMEMBERED_SECONDS = 15 * 24 * 3600  # longer than SQS keeps a message

# Ids of uploads are ULIDs; ids of events sort after them and are never listed.
_BEHIND_UPLOADS = "a"


def create(upload: Upload) -> None:
    """Write a new upload."""
    _item(upload).save(UploadItem.upload.does_not_exist())


def get(account: str, upload_id: str) -> Upload | None:
    """Return an upload, read strongly consistent, or None: one network call."""
    try:
        return _upload(UploadItem.get(account, upload_id, consistent_read=True))
    except DoesNotExist:
        return None


def take(upload: Upload, version_id: str, transition: Transition) -> ObjectRecord:
    """Change the upload's object and mark the upload as TAKEN, once, in one transaction.

    Parameters
    ----------
    transition
        As for ``objects.change``; it accepts the version.

    Returns
    -------
    The written record.

    Raises
    ------
    UploadTaken
        It was taken before, or does not exist any more.
    Conflict
        Other calls kept changing the object.
    """
    sequencer = upload.sequencer
    if not sequencer:
        is_open = UploadItem.state == UploadState.OPEN.value
    else:
        is_open = UploadItem.upload.does_not_exist() | (UploadItem.sequencer < sequencer)
    for _ in range(_TRIES):
        record = objects.get(upload.key)
        following = transition(record)
        if following is None:
            raise AssertionError("an accepted version has a record")
        following = objects.with_revision(following, record)
        try:
            with transaction() as both:
                both.save(objects.item_of(following), objects.unchanged_condition(record))
                both.save(_item(upload.as_taken(version_id)), is_open)
        except TransactWriteError as error:
            if not is_lost_race(error):
                raise
        else:
            return following
        if _is_over(get(upload.account, upload.id), sequencer):
            raise UploadTaken("The upload was completed before, or has ended.")
    raise Conflict("Other calls changed the object at the same time; try again.")


def _is_over(found: Upload | None, sequencer: str) -> bool:
    if not sequencer:
        return found is None or found.state is not UploadState.OPEN
    return found is not None and found.sequencer >= sequencer


def update_open(upload: Upload) -> bool:
    """Replace an open upload; False, with nothing changed, if it is not open."""
    return _write(upload, UploadItem.state == UploadState.OPEN.value)


def end(upload: Upload) -> bool:
    """Mark an upload as ENDED; False, with nothing changed, if it was taken."""
    ended = replace(upload, state=UploadState.ENDED)
    is_open = UploadItem.state.is_in(UploadState.OPEN.value, UploadState.ENDED.value)
    return _write(ended, is_open)


def remove(upload: Upload) -> None:
    """Remove the item of an ENDED upload; any other stays."""
    try:
        UploadItem(upload.account, upload.id).delete(UploadItem.state == UploadState.ENDED.value)
    except DeleteError as error:
        if not is_condition_failure(error):
            raise


@dataclass(frozen=True)
class UploadPage:
    """Uploads in the order of their beginning, and the id after which the next page begins."""

    uploads: list[Upload]
    more_after: str | None


def page(account: str, *, after: str | None, limit: int) -> UploadPage:
    """Return a page of an account's uploads after the id ``after``: one Query, consistent."""
    start = {"account": {"S": account}, "upload": {"S": after}} if after is not None else None
    found = UploadItem.query(
        account,
        UploadItem.upload < _BEHIND_UPLOADS,
        consistent_read=True,
        last_evaluated_key=start,
        page_size=limit,
    )
    raw = next(found.page_iter)
    uploads = [_upload(UploadItem.from_raw_data(item)) for item in raw["Items"]]
    last = raw.get("LastEvaluatedKey")
    return UploadPage(uploads, more_after=last["upload"]["S"] if last else None)


def find_expired(cluster: str, *, before: str, limit: int) -> list[tuple[str, str]]:
    """Return account and id of a cluster's uploads that expired before a time (RFC 3339).

    It is one Query of the sparse index, eventually consistent, oldest first.
    """
    found = UploadItem.expiring.query(
        cluster, UploadItem.expires_at < before, limit=limit, page_size=limit
    )
    return [(item.account, item.upload) for item in found]


def _write(upload: Upload, condition: Condition) -> bool:
    try:
        _item(upload).save(condition)
    except PutError as error:
        if is_condition_failure(error):
            return False
        raise
    return True


def _item(upload: Upload) -> UploadItem:
    is_taken = upload.state is UploadState.TAKEN
    return UploadItem(
        upload.account,
        upload.id,
        state=str(upload.state),
        document=upload.as_json(),
        cluster=None if is_taken else upload.cluster,
        expires_at=None if is_taken else upload.expires_at,
        expires=_remembered_until() if is_taken else None,
        sequencer=upload.sequencer or None,
    )


def _remembered_until() -> int:
    """Return the Unix time until which a taken upload is kept."""
    return int(clock.moment().timestamp()) + _REMEMBERED_SECONDS


def _upload(item: UploadItem) -> Upload:
    return Upload.from_json(item.document)
