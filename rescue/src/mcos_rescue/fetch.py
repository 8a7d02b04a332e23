"""Reading what is under a key, whatever breaks on the way."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from mcos_rescue import clock
from mcos_rescue.errors import Refused, Unavailable
from mcos_rescue.stores.contract import Listed, Store

Result = TypeVar("Result")

_PIECE = 1024 * 1024
_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
_LONGEST = 1024 * 1024 * 1024


def patiently(call: Callable[[], Result]) -> Result:
    """Call, and again after a pause while the service is unavailable.

    Raises
    ------
    Unavailable
        It still was, after a quarter of a minute.
    """
    for pause in _PAUSES:
        try:
            return call()
        except Unavailable:
            clock.sleep(pause)
    return call()


def stream(store: Store, key: str, take: Callable[[bytes], object]) -> None:
    """Hand all bytes under a key to ``take``, in pieces; a broken connection is continued.

    Raises
    ------
    NotThere, Unavailable, Refused
    """
    done = failures = 0
    while True:
        before = done
        try:
            with store.open(key, done) as opened:
                while piece := opened.read(_PIECE):
                    take(piece)
                    done += len(piece)
            return
        except Unavailable:
            failures = failures + 1 if done == before else 0
            if failures > len(_PAUSES):
                raise
            clock.sleep(_PAUSES[max(failures - 1, 0)])


def content(store: Store, key: str) -> bytes:
    """Return all bytes under a key.

    Raises
    ------
    NotThere, Unavailable, Refused
    """
    pieces: list[bytes] = []
    size = 0

    def take(piece: bytes) -> None:
        nonlocal size
        size += len(piece)
        if size > _LONGEST:
            raise Refused(f"{key} is too large to be a part of the journal")
        pieces.append(piece)

    stream(store, key, take)
    return b"".join(pieces)


def headers(store: Store, key: str) -> dict[str, str]:
    """Return the headers of what is under a key.

    Raises
    ------
    NotThere, Unavailable, Refused
    """

    def ask() -> dict[str, str]:
        with store.open(key) as opened:
            return dict(opened.headers)

    return patiently(ask)


def all_keys(store: Store, prefix: str = "") -> Iterator[Listed]:
    """Yield every key that begins with ``prefix``, in the order of their bytes.

    Raises
    ------
    Unavailable, Refused
    """
    after = ""
    while found := patiently(partial(store.page, prefix, after)):
        yield from found
        after = found[-1].key
