"""The token of a client, which is exchanged for a new one long before it expires.

A token is good for an hour and can be exchanged for as long as it is: so a transfer of days, and a
command that is run every half hour, stay logged in for the week that a session lasts. One thread
exchanges it; others wait for that, tasks of a loop go on with the old one, which stays good.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Protocol

import httpx

from mcos_client.api.models import Token
from mcos_client.errors import (
    Conflict,
    McosError,
    TokenExpired,
    TokenRevoked,
    Unavailable,
    Unreachable,
)
from mcos_client.sending.clock import Clock

RENEW_AFTER = 900.0
"""Seconds after which a token is exchanged: a quarter of its time."""

TRY_AGAIN = 60.0
"""Seconds until the next try after one that failed."""


class TokenStore(Protocol):
    """Where a user's token is kept for other processes. None of these raises anything."""

    def read(self) -> tuple[str, float] | None:
        """Get the token, and how many seconds ago it was given out; None if there is none."""

    def replace(self, old: str, new: Token) -> None:
        """Keep ``new`` if what is kept is still ``old``."""


class CurrentToken:
    """A token that may be replaced while requests are sent.

    Attributes
    ----------
    text
        The token; None before a login.
    """

    def __init__(self, text: str | None, clock: Clock, store: TokenStore | None = None) -> None:
        self._clock = clock
        self._store = store
        # A process that is forked while a thread of this one holds the lock has another one.
        self._locks: dict[int, Lock] = {}
        kept = store.read() if store is not None else None
        self.use(text, age=kept[1] if kept is not None and kept[0] == text else 0.0)

    def use(self, text: str | None, *, age: float = 0.0) -> None:
        """Take another token, which was given out ``age`` seconds ago."""
        self.text = text
        self._since = self._clock.now() - age
        self._due = self._since + RENEW_AFTER

    @property
    def is_due(self) -> bool:
        """Whether it has to be exchanged."""
        return self.text is not None and self._clock.now() >= self._due

    @contextmanager
    def renewing(self, *, wait: bool) -> Iterator[bool]:
        """Tell one caller at a time whether the token is its to exchange.

        Parameters
        ----------
        wait
            Whether to wait for another one that is at it.
        """
        lock = self._locks.setdefault(os.getpid(), Lock())
        if not lock.acquire(blocking=wait):
            yield False
            return
        try:
            if self.is_due:
                self._take_kept()
            yield self.is_due
        finally:
            lock.release()

    def renewed(self, token: Token) -> None:
        """Take the token that the old one was exchanged for, and keep it."""
        old = self.text
        self.use(token.token)
        if self._store is not None and old is not None:
            self._store.replace(old, token)

    def not_renewed(self, error: McosError) -> None:
        """Try again later, if that may succeed; the old one is good until it expires."""
        passes = isinstance(error, Unreachable | Unavailable | Conflict) or (
            error.status is not None and error.status >= httpx.codes.INTERNAL_SERVER_ERROR
        )
        self._due = self._clock.now() + TRY_AGAIN if passes else float("inf")

    def is_replaced(self, error: McosError, sent: str | None) -> bool:
        """Whether a call that was refused with the token ``sent`` may be sent with another one."""
        if not isinstance(error, TokenExpired | TokenRevoked):
            return False
        if self.text == sent:
            self._take_kept()
        return self.text != sent

    def _take_kept(self) -> None:
        """Take the token that another process has kept, if it is a later one."""
        kept = self._store.read() if self._store is not None else None
        if kept is None or kept[0] == self.text:
            return
        text, age = kept
        if self._clock.now() - age > self._since:
            self.use(text, age=age)
