"""Content on its way from a backend: counted, and digested if the whole replica is read."""

import hashlib
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Protocol, Self

from mcos.storage.contract import (
    BackendUnavailable,
    ReplicaDigestMismatch,
    ReplicaStat,
    StorageError,
)

PIECE_BYTES = 256 * 1024


class Body(Protocol):
    """An SDK's body of a reply that is still being received."""

    def read(self, amt: int | None = None, /) -> bytes: ...

    def close(self) -> None: ...


class StreamReader:
    """The ``ReplicaReader`` of all backends.

    Parameters
    ----------
    stat
        Description of the whole replica.
    body
        The reply's body.
    length
        Number of bytes that the body must have.
    name
        Its name in messages.
    failures
        Exceptions that the SDK raises while the body is read.
    translate
        Converts one of these to an exception of the contract.
    """

    def __init__(
        self,
        stat: ReplicaStat,
        body: Body,
        *,
        length: int,
        name: str,
        failures: tuple[type[Exception], ...],
        translate: Callable[[Exception], StorageError],
    ) -> None:
        self.stat = stat
        self.length = length
        self._body = body
        self._left = length
        self._name = name
        self._failures = failures
        self._translate = translate
        whole = length == stat.size and not stat.in_parts
        self._md5 = hashlib.md5(usedforsecurity=False) if whole else None

    def read(self, size: int = -1) -> bytes:
        """Return the next ``size`` bytes, fewer only at the end; -1: the rest."""
        wanted = self._left if size < 0 else min(size, self._left)
        pieces = []
        while wanted > 0:
            piece = self._piece(wanted)
            pieces.append(piece)
            wanted -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _piece(self, wanted: int) -> bytes:
        try:
            piece = self._body.read(wanted)
        except self._failures as error:
            raise self._translate(error) from None
        if not piece:
            raise BackendUnavailable(
                f"{self._name}: the reply was cut off {self._left} bytes before its end"
            )
        self._left -= len(piece)
        if self._md5 is not None:
            self._md5.update(piece)
            if self._left == 0 and self._md5.hexdigest() != self.stat.md5:
                raise ReplicaDigestMismatch(f"{self._name}: the bytes read have another MD5")
        return piece

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.read(PIECE_BYTES):
            yield piece

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the connection, even if not all was read."""
        self._body.close()
