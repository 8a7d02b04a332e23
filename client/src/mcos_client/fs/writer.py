"""Writing an object like a file: it is stored as a whole when it is closed, or not at all."""

import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Semaphore, Thread
from types import TracebackType
from typing import Any, Self

from mcos_client.api.models import Written
from mcos_client.api.writing import OCTET_STREAM
from mcos_client.client import Client
from mcos_client.content import as_settled
from mcos_client.errors import McosError
from mcos_client.transfer.source import PIECE, StreamSource

_AHEAD = 4
"""Pieces that are written and not taken yet, at most."""


class WriteDiscarded(McosError):
    """The writer gave up: nothing is stored."""


class ObjectWriter(io.RawIOBase):
    """A binary file that becomes an object when it is closed.

    Parameters
    ----------
    only_new
        Refuse if the object exists.
    timeout
        Seconds for which closing waits until the object can be read.

    Notes
    -----
    Content goes to a storage service while more is written. After ``discard``, or after ``with``
    was left by an exception, nothing is stored.
    """

    def __init__(
        self,
        client: Client,
        container: str,
        name: str,
        *,
        content_type: str = OCTET_STREAM,
        metadata: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        part_size: int | None = None,
        only_new: bool = False,
        timeout: float = 600.0,
    ) -> None:
        self._buffer = bytearray()
        self._position = 0
        self._process = os.getpid()
        self._sending = _Sending(
            client,
            (container, name),
            {
                "if_there": "refuse" if only_new else "replace",
                "content_type": content_type,
                "metadata": metadata,
                "headers": headers,
                "part_size": part_size,
            },
            timeout,
        )
        # The thread knows nothing of the writer, so one that nobody has any more ends.
        self._thread = Thread(target=self._sending.run, name="mcos-writer", daemon=True)
        self._thread.start()

    @property
    def written(self) -> Written | None:
        """What is stored; None until then."""
        return self._sending.written

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        if self.closed:
            raise ValueError("write to a closed file")
        self._check_process()
        content = memoryview(data).cast("B")
        for first in range(0, len(content), PIECE):
            self._buffer += content[first : first + PIECE]
            if len(self._buffer) >= PIECE:
                self._hand_over()
        self._position += len(content)
        return len(content)

    def close(self) -> None:
        """Store the content, and return when it can be read.

        Raises
        ------
        McosError
        """
        if self.closed:
            return
        try:
            self._check_process()
            if self._buffer:
                self._hand_over()
            self._sending.pieces.put(b"")
            self._thread.join()
            if self._sending.failure is not None:
                raise self._sending.failure
        finally:
            super().close()

    def discard(self) -> None:
        """Give up: nothing is stored."""
        if self.closed:
            return
        if self._process == os.getpid():
            self._sending.discard()
            self._thread.join()
        super().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self.discard()

    def __del__(self) -> None:
        # A file that was never closed is not stored; io's own way would be to close it. It is not
        # waited for: this runs in any thread, and may hold what the other one needs.
        if not self.closed and hasattr(self, "_thread"):
            if self._process == os.getpid():
                self._sending.discard()
            super().close()

    def _check_process(self) -> None:
        """Refuse what a process does that was forked: the thread that stores is in the other one.

        Raises
        ------
        WriteDiscarded
        """
        if self._process != os.getpid():
            raise WriteDiscarded("A file must be written by the process that opened it.")

    def _hand_over(self) -> None:
        self._sending.room.acquire()
        if self._sending.failure is not None:
            self._thread.join()
            super().close()
            raise self._sending.failure
        self._sending.pieces.put(bytes(self._buffer))
        self._buffer.clear()


@dataclass
class _Sending:
    """What the thread does: it stores the pieces that it is given, the last of which is empty."""

    client: Client
    where: tuple[str, str]
    how: Mapping[str, Any]
    timeout: float
    pieces: "SimpleQueue[bytes | WriteDiscarded]" = field(default_factory=SimpleQueue)
    room: Semaphore = field(default_factory=lambda: Semaphore(_AHEAD))
    written: Written | None = None
    failure: BaseException | None = None

    def discard(self) -> None:
        self.pieces.put(WriteDiscarded("The writer gave up."))

    def run(self) -> None:
        try:
            self.written = self._store()
        except BaseException as error:
            self.failure = error
        finally:
            self.room.release()  # a writer that waits for room sees the failure

    def _taken(self) -> Iterator[bytes]:
        while True:
            piece = self.pieces.get()
            self.room.release()
            if isinstance(piece, WriteDiscarded):
                raise piece
            if not piece:
                return
            yield piece

    def _store(self) -> Written:
        written = self.client.put_object(*self.where, StreamSource(self._taken()), **self.how)
        return self._until_readable(written)

    def _until_readable(self, written: Written) -> Written:
        if written.state == "CREATED":
            return written
        stat = self.client.wait_until_settled(*self.where, timeout=self.timeout)
        return as_settled(written, stat)
