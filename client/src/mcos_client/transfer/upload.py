"""One upload from beginning to end: the content goes to a storage service, in parts if it is large.

It is read in order once for its digests, each part of it once more as it is sent.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from itertools import count

import httpx

from mcos_client.api.call import Call
from mcos_client.api.models import Written
from mcos_client.api.objects import stat_object
from mcos_client.api.uploads import (
    Digest,
    Upload,
    UploadPut,
    abort_upload,
    begin_upload,
    complete_upload,
    stat_upload,
)
from mcos_client.api.writing import Writing
from mcos_client.errors import (
    Conflict,
    InvalidRequest,
    McosError,
    NotFound,
    PreconditionFailed,
    SourceChanged,
    StorageRefused,
    UploadNotFound,
)
from mcos_client.sending import storage
from mcos_client.sending.connection import RETRIES, Connection
from mcos_client.transfer.journal import Entry, Journal
from mcos_client.transfer.parts import PartSender, content_md5
from mcos_client.transfer.progress import OnProgress, Progress
from mcos_client.transfer.source import STREAM_PART, Body, ContentDigest, FileSource, Source

PARALLEL = 4
LARGEST_PUT = 64 * 1024**2
"""Content whose size is known goes in one piece up to here."""

MOST_PARTS = 10_000


_FINAL = (SourceChanged, Conflict, NotFound, PreconditionFailed, InvalidRequest)
"""After these the same upload would fail again."""


class Uploading:
    """The upload of one content.

    Parameters
    ----------
    upload
        Id of an upload that was begun elsewhere, to continue.
    """

    def __init__(
        self,
        connection: Connection,
        container: str,
        name: str,
        source: Source,
        how: Writing,
        *,
        part_size: int | None = None,
        expires_in: int | None = None,
        parallel: int = PARALLEL,
        on_progress: OnProgress | None = None,
        journal: Journal | None = None,
        upload: str | None = None,
    ) -> None:
        self._connection = connection
        self._container = container
        self._name = name
        self._source = source
        self._how = how
        self._part_size = part_size
        self._expires_in = expires_in
        self._parallel = parallel
        self._progress = Progress(source.size, on_progress)
        self._given = upload
        self._moved = 0
        self._md5: bytes | None = None
        self._entry: Entry | None = None
        if journal is not None and isinstance(source, FileSource):
            told = {**asdict(how), "part_size": part_size, "expires_in": expires_in}
            self._entry = journal.entry(container, name, source, told)

    def run(self) -> Written:
        """Store it, and give the same as an asynchronous create or update.

        Raises
        ------
        McosError, OSError
        """
        digest = ContentDigest()
        upload = self._find() or self._begin()
        try:
            if upload.state == "TAKEN":
                written = self._complete(upload, None)
            elif upload.put is not None:
                self._put(upload, upload.put)
                self._source.check()
                written = self._complete(upload, None)
            else:
                self._send_parts(upload, digest)
                self._source.check()
                written = self._complete(upload, digest.as_json())
        except BaseException as error:
            self._leave(upload, error)
            raise
        if self._entry is not None:
            self._entry.forget()
        return written

    @property
    def _in_one_piece(self) -> bool:
        size = self._source.size
        return size is not None and size <= LARGEST_PUT and self._part_size is None

    def _find(self) -> Upload | None:
        """Find the upload that goes on, if there is one."""
        known = self._given or (self._entry.find() if self._entry is not None else None)
        if known is None:
            return None
        try:
            upload = self._connection.send(stat_upload(known, marker=None, limit=None))
        except UploadNotFound:
            if self._given is not None:
                raise
            return None
        expected = (self._container, self._name)
        if (upload.container, upload.name) != expected or upload.size != self._source.size:
            raise SourceChanged(
                f"Upload {known} must be of the same object and size: it is of {upload.size} bytes "
                f"for {upload.container}/{upload.name}."
            )
        if self._given is None and upload.state == "TAKEN" and not self._is_there(upload):
            return None  # others have deleted or replaced it since
        return upload

    def _is_there(self, upload: Upload) -> bool:
        """Whether readers see what an upload became, or will see it."""
        try:
            found = self._connection.send(stat_object(self._container, self._name))
        except NotFound:
            return False
        if found.state in ("DELETING", "FAILED"):
            return False
        last = found.pending[-1].version if found.pending else found.version
        return last == upload.version

    def _begin(self) -> Upload:
        digest = None
        if self._in_one_piece:
            # Content in one piece becomes an object as soon as it arrives: the digest goes first.
            whole = ContentDigest()
            self._md5 = whole.add(self._source.whole())
            digest = whole.as_json()
        upload = self._connection.send(self._begin_call(digest))
        if self._entry is not None:
            self._entry.keep(upload.upload)
        return upload

    def _begin_call(self, digest: Digest | None) -> Call[Upload]:
        how, part_size = self._how, self._part_size
        if part_size is None and not self._source.repeatable:
            part_size = STREAM_PART
        return begin_upload(
            self._container,
            self._name,
            action="put" if how.action == "replace" else how.action,
            size=self._source.size,
            content_type=how.content_type,
            metadata=how.metadata,
            headers=how.headers,
            storage_policy=how.storage_policy,
            part_size=part_size,
            expires_in=self._expires_in,
            digest=digest,
            if_match=how.if_match,
            if_none_match=how.if_none_match,
        )

    def _put(self, upload: Upload, put: UploadPut) -> None:
        body = self._source.whole()
        md5 = self._md5 or ContentDigest().add(body)
        headers = content_md5(md5)
        failures = 0
        while True:
            try:
                sent = {**put.headers, **headers}
                storage.put(self._connection, put.url, self._watch(body), body.size, sent)
                return
            except storage.FAILURES as error:
                if getattr(error, "status", None) == httpx.codes.PRECONDITION_FAILED:
                    self._progress.move(body.size - self._moved)
                    return  # the bytes are there already
                self._progress.move(-self._moved)
                failures += 1
                if failures > RETRIES:
                    raise
            self._connection.pause(failures)
            fresh = self._connection.send(stat_upload(upload.upload, marker=None, limit=None))
            if fresh.put is None:
                return  # it is an object already: the reply was lost, not the content
            put = fresh.put

    def _watch(self, body: Body) -> Iterator[bytes]:
        self._moved = 0
        for piece in body.pieces():
            self._connection.check()
            yield piece
            self._moved += len(piece)
            self._progress.move(len(piece))

    def _send_parts(self, upload: Upload, digest: ContentDigest) -> None:
        if upload.part_size is None:
            raise StorageRefused(f"Upload {upload.upload} takes no parts.")
        sender = PartSender(
            self._connection,
            upload,
            parallel=self._parallel,
            # A part that is in no memory may be digested while others are on their way.
            ahead=1 if self._source.repeatable else 0,
            progress=self._progress,
        )
        try:
            bodies = self._source.bodies(upload.part_size)
            for number in count(1):
                sender.wait()
                body = next(bodies, None)
                if body is None:
                    break
                if number > MOST_PARTS:
                    raise StorageRefused(
                        f"The content must have at most {MOST_PARTS:,} parts: choose larger ones."
                    )
                sender.send(number, body, digest.add(body))
            sender.finish()
        except BaseException:
            sender.stop()
            raise

    def _complete(self, upload: Upload, digest: Digest | None) -> Written:
        failures = 0
        while True:
            try:
                return self._connection.send(complete_upload(upload.upload, digest=digest))
            except Conflict as error:
                # A conflict that names a time passes: a delete is under way.
                failures += 1
                if error.retry_after is None or failures > RETRIES:
                    raise
                pause = error.retry_after
            self._connection.pause(failures, at_least=pause)

    def _leave(self, upload: Upload, error: BaseException) -> None:
        """Keep an upload that can go on; abort another one, if that is possible now."""
        again = self._entry is not None or self._given is not None
        if again and not isinstance(error, _FINAL):
            return
        if self._entry is not None:
            self._entry.forget()
        with suppress(McosError):
            self._connection.send(abort_upload(upload.upload))
