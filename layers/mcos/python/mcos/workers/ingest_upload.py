"""ingest_upload: make objects from files in staging and from other systems' messages.

Each event makes one version, however often it is delivered.
"""

import logging
from dataclasses import replace

from mcos import clock, limits, staging
from mcos.catalog import accounts, containers, objects, uploads, usage
from mcos.errors import (
    InvalidRequest,
    NotFound,
    ObjectExists,
    PreconditionFailed,
    QuotaExceeded,
    Retained,
    UploadTaken,
)
from mcos.inbound.fetch import FetchRefused
from mcos.inbound.fetch_source import Source, fetch_source
from mcos.inbound.message import Arrival, Message, NotUnderstood, event_id, read
from mcos.model.names import (
    check_container_name,
    check_metadata,
    check_object_name,
    is_content_type,
    is_user_name,
)
from mcos.model.objects import ObjectKey
from mcos.model.quotas import Amount
from mcos.model.representation import check_headers, kept
from mcos.model.uploads import Upload, UploadState
from mcos.settings import settings
from mcos.staging import StagedFile
from mcos.versions import quota
from mcos.versions.upload import clear_upload, finish_upload, take_again, take_upload

_log = logging.getLogger(__name__)

_DEFAULT_TYPE = "application/octet-stream"
_TAKEN_BEFORE = "taken before"
_FINAL = (InvalidRequest, NotFound, ObjectExists, PreconditionFailed, QuotaExceeded, Retained)


class Refused(Exception):
    """The message can never become an object; the text says why, for operators of the queue.

    Attributes
    ----------
    code
        Stable name of the reason.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def ingest_upload(body: str, message_id: str) -> str:
    """Process a message of the inbound queue.

    Returns
    -------
    What was done, for the log.

    Raises
    ------
    Refused
        The message must go to the dead-letter queue.
    TooManyRequests
        Its account has written too much; it may come again in so many seconds.
    Exception
        Any other exception: a later try may succeed.
    """
    try:
        done = [_ingest(one) for one in read(body, message_id)]
    except NotUnderstood as error:
        raise Refused("not_understood", str(error)) from None
    except FetchRefused as error:
        raise Refused(error.code, str(error)) from None
    except _FINAL as error:
        raise Refused(error.code, str(error)) from None
    return done[0] if len(done) == 1 else f"{len(done)} events"


def _ingest(what: Arrival | Message) -> str:
    if isinstance(what, Message):
        return _ingest_message(what)
    if what.key.startswith(staging.UPLOADS):
        return _ingest_upload(what)
    if what.key.startswith(staging.INCOMING):
        return _ingest_incoming(what)
    return "ignored"


def _ingest_upload(arrival: Arrival) -> str:
    """Finish an upload whose content has arrived in staging."""
    account, _, upload_id = arrival.key.removeprefix(staging.UPLOADS).rpartition("/")
    upload = uploads.get(account, upload_id)
    if upload is None:
        staging.delete(arrival.key, arrival.version)  # it was sent after the upload had ended
        return "no such upload"
    if upload.state is UploadState.TAKEN:
        return _TAKEN_BEFORE
    late = upload.state is UploadState.OPEN and upload.is_expired(clock.now())
    if late or upload.state in (UploadState.ENDING, UploadState.ENDED):
        if not uploads.end(upload):
            return _TAKEN_BEFORE
        clear_upload(upload)
        return "ended"
    try:
        finish_upload(upload, usage.get(account))
    except UploadTaken:
        return _TAKEN_BEFORE
    except _FINAL as error:
        # The upload stays open, and its user gets the error when completing it.
        _log.info("an upload cannot be taken: %s", error.code)
        return error.code
    return "taken"


def _ingest_incoming(arrival: Arrival) -> str:
    """Make an object from a file that was put under ``incoming/<account>/<container>/``."""
    parts = arrival.key.removeprefix(staging.INCOMING).split("/", 2)
    if len(parts) < 3 or not parts[2]:
        raise Refused("invalid_name", "the key must be incoming/<account>/<container>/<object>")
    event = event_id(arrival.bucket, arrival.key)
    account, container, name = parts
    _check_account(account)
    if (known := uploads.get(account, event)) and known.sequencer >= arrival.sequencer:
        if known.sequencer > arrival.sequencer:
            staging.delete(arrival.key, arrival.version)  # a later file was taken
            return _TAKEN_BEFORE
        return _go_on(known)
    found = staging.find(arrival.key, arrival.version)
    if found is None:
        return "removed by others"
    message = Message(
        event,
        account,
        container,
        name,
        metadata=dict(found.metadata),
        headers=kept(found.headers),
    )
    _check(message)
    return _take(message, arrival.key, found, sequencer=arrival.sequencer)


def _ingest_message(message: Message) -> str:
    event = event_id("message", message.id)
    _check(message)
    if known := uploads.get(message.account, event):
        return _go_on(known)
    source = Source(None, {})
    key = message.staging_key
    if key is None:
        key = f"{staging.INBOUND}{message.account}/{event}"
        _check_room(message, None)
        source = fetch_source(message.source_url or "", key)
    elif not key.startswith(staging.INBOUND):
        raise Refused("invalid_name", f"staging_key must begin with {staging.INBOUND}")
    found = staging.find(key, source.version)
    if found is None:
        raise Refused("not_found", "staging_key must name a file in staging")
    named = replace(
        message,
        id=event,
        content_type=message.content_type or source.content_type,
        headers=message.headers or kept(source.headers or found.headers),
        metadata=message.metadata or dict(found.metadata),
    )
    try:
        return _take(named, key, found)
    except (Refused, *_FINAL):
        # What was fetched in vain is nobody's, unless a try of this event is on its way with it.
        if source.version is not None and uploads.get(message.account, event) is None:
            staging.delete(key, source.version)
        raise


def _go_on(event: Upload) -> str:
    """Take an event of which an earlier try may have ended on its way."""
    if event.state is not UploadState.TAKING:
        return _TAKEN_BEFORE
    try:
        take_again(event)
    except UploadTaken:
        return _TAKEN_BEFORE
    return "taken"


def _check(message: Message) -> None:
    """Check a message before anything is fetched or taken.

    Raises
    ------
    InvalidName, InvalidMetadata, InvalidHeader, ContainerNotFound, Refused
    """
    check_container_name(message.container)
    check_object_name(message.object)
    check_metadata(message.metadata)
    check_headers(message.headers)
    _check_account(message.account)
    containers.get(message.account, message.container)


def _check_account(name: str) -> None:
    account = accounts.find(name) if is_user_name(name) else None
    if account is None or not account.is_enabled:
        raise Refused("account_not_found", "the account must exist and be enabled")


def _take(message: Message, key: str, found: StagedFile, *, sequencer: str = "0") -> str:
    if found.size > limits.OBJECT_BYTES:
        raise Refused(
            "content_too_large", f"an object must have at most {limits.OBJECT_BYTES} bytes"
        )
    _check_room(message, found.size)
    content_type = message.content_type or found.content_type
    event = Upload(
        account=message.account,
        id=message.id,
        container=message.container,
        object=message.object,
        action=message.action,
        size=found.size,
        content_type=content_type if is_content_type(content_type) else _DEFAULT_TYPE,
        metadata=check_metadata(message.metadata),
        headers=message.headers,
        md5="",
        sha256="",
        if_match=None,
        if_none_match=None,
        storage_policy=message.storage_policy,
        part_size=0,
        multipart="",
        cluster=settings().cluster,
        created_at=clock.now(),
        expires_at=clock.now(),
        sequencer=sequencer,
    )
    try:
        take_upload(event, found.as_staged(key), found.size, version_id=clock.new_id())
    except UploadTaken:
        return _TAKEN_BEFORE
    return "taken"


def _check_room(message: Message, size: int | None) -> None:
    """Refuse what has no room. What only comes too fast waits in the queue.

    Parameters
    ----------
    size
        Bytes; None if it is not known yet.

    Raises
    ------
    QuotaExceeded, TooManyRequests
    """
    record = objects.get(ObjectKey(message.account, message.container, message.object))
    there = None if record is None or record.is_gone else record
    before = there.latest.size if there else 0
    growth = Amount((1 if size is None else size) - before, 0 if there else 1)
    quota.check_upload(message.account, usage.get(message.account), growth)
