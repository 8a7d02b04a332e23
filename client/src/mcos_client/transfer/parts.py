"""The parts of one upload, sent side by side."""

from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Lock, Semaphore

from mcos_client.api.uploads import Upload, UploadPart, stat_upload
from mcos_client.errors import StorageRefused, UploadTaken
from mcos_client.sending import storage
from mcos_client.sending.connection import RETRIES, Connection
from mcos_client.transfer.progress import Progress
from mcos_client.transfer.source import Body

_MD5_HEX = 32


class PartSender:
    """Sends parts, some at once; a part that failed is sent again, under a new URL.

    Parameters
    ----------
    ahead
        How many parts may be taken while ``parallel`` are on their way.

    Notes
    -----
    For each part ``wait``, then ``send``; ``finish`` in the end, or ``stop``.
    """

    def __init__(
        self,
        connection: Connection,
        upload: Upload,
        *,
        parallel: int,
        ahead: int,
        progress: Progress,
    ) -> None:
        self._connection = connection
        self._parts = _PartList(connection, upload)
        self._progress = progress
        self._free = Semaphore(parallel + ahead)
        self._pool = ThreadPoolExecutor(parallel, thread_name_prefix="mcos-part")
        self._failure: BaseException | None = None

    def wait(self) -> None:
        """Wait until another part may be taken; raise the failure of an earlier one."""
        self._free.acquire()
        self._raise()
        self._connection.check()

    def send(self, number: int, body: Body, digest: bytes) -> None:
        """Let a part be sent; ``digest`` is its MD5."""
        self._pool.submit(self._try, number, body, digest)

    def finish(self) -> None:
        """Wait until all are stored; raise the failure of one."""
        self._pool.shutdown(wait=True)
        self._raise()

    def stop(self) -> None:
        """Give up the parts that are on their way."""
        if self._failure is None:
            self._failure = _Stopped()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _try(self, number: int, body: Body, digest: bytes) -> None:
        try:
            if self._failure is None:
                self._store(number, body, digest)
        except BaseException as error:
            # One that fails ends all: an object needs all of its parts.
            self._failure = self._failure or error
        finally:
            body.close()
            self._free.release()

    def _store(self, number: int, body: Body, digest: bytes) -> None:
        part = self._parts.get(number)
        failures = 0
        while part.etag != _etag(digest):
            moved = _Moved(self._progress)
            try:
                put_body(self._connection, part.url, self._watch(body, moved), body.size, digest)
                return
            except storage.FAILURES:
                moved.back()
                failures += 1
                if failures > RETRIES:
                    raise
                self._connection.pause(failures)
                # The URL may have expired, the part may be there although the reply was lost.
                part = self._parts.fresh(number)
        self._progress.move(body.size)

    def _watch(self, body: Body, moved: "_Moved") -> Iterator[bytes]:
        for piece in body.pieces():
            self._raise()
            self._connection.check()
            yield piece
            moved.add(len(piece))


class _Moved:
    """The bytes that one attempt has sent; they are lost if it fails."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._count = 0

    def add(self, count: int) -> None:
        self._count += count
        self._progress.move(count)

    def back(self) -> None:
        self._progress.move(-self._count)


class _Stopped(Exception):
    """Another part failed, or the wait for them was interrupted."""


class _PartList:
    """The parts of an upload as the API tells them, page by page."""

    def __init__(self, connection: Connection, upload: Upload) -> None:
        self._connection = connection
        self._upload = upload.upload
        self._known = {one.number: one for one in upload.parts}
        self._lock = Lock()

    def get(self, number: int) -> UploadPart:
        with self._lock:
            if number not in self._known:
                self._ask(number, limit=None)
            return self._known.pop(number)

    def fresh(self, number: int) -> UploadPart:
        with self._lock:
            self._ask(number, limit=1)
            return self._known.pop(number)

    def _ask(self, number: int, limit: int | None) -> None:
        marker = str(number - 1) if number > 1 else None
        page = self._connection.send(stat_upload(self._upload, marker=marker, limit=limit))
        self._known.update((one.number, one) for one in page.parts)
        if number not in self._known:
            raise UploadTaken(f"Upload {self._upload} does not take part {number} (any more).")


def put_body(
    connection: Connection, url: str, pieces: Iterator[bytes], size: int, digest: bytes
) -> None:
    """Put a part, and check that it arrived as it was sent.

    Raises
    ------
    StorageRefused, StorageUnreachable
    """
    etag = storage.put(connection, url, pieces, size, content_md5(digest))
    stored = (etag or "").strip('"')
    # Services with a key of their own give ETags that are no MD5; those say nothing.
    if len(stored) == _MD5_HEX and stored != digest.hex():
        raise StorageRefused(f"The storage service stored other bytes: MD5 {stored}.")


def _etag(digest: bytes) -> str:
    return f'"{digest.hex()}"'


def content_md5(digest: bytes) -> dict[str, str]:
    """Make the header with which a storage service takes these bytes and no others."""
    return {"content-md5": b64encode(digest).decode("ascii")}
