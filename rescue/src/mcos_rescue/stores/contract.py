"""What a backend must be able to do for a rescue: list its keys, and read what is under one.

Nothing here can write or delete.
"""

from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import NamedTuple, Protocol


class Listed(NamedTuple):
    """A key in a listing: size in bytes, and when it was written, by the service's clock."""

    key: str
    size: int
    modified: datetime


class Session(NamedTuple):
    """A login at Swift: where the project's, or account's, containers are, and a token."""

    url: str
    token: str


class Opened(Protocol):
    """Content under a key, from the requested byte to the end."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The reply's headers, names in lower case."""

    def read(self, size: int) -> bytes:
        """Return at most ``size`` bytes; none at the end.

        Raises
        ------
        Unavailable
            The connection broke before the end.
        """

    def __enter__(self) -> "Opened": ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Store(Protocol):
    """One bucket or container. It may be used from several threads at once.

    Every call may raise ``Unavailable`` and ``Refused``.
    """

    @property
    def kind(self) -> str:
        """``s3``, ``ceph`` or ``swift``."""

    def page(self, prefix: str, after: str) -> list[Listed]:
        """Return the next keys that begin with ``prefix`` and follow ``after``; none at the end.

        They are in the order of their bytes. Parts of Swift's large objects are among them.
        """

    def open(self, key: str, first: int = 0) -> Opened:
        """Open what is under a key, from the byte ``first`` on.

        Raises
        ------
        NotThere
        """
