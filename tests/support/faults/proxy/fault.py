"""What may go wrong on the way to a server."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class What(StrEnum):
    """The kinds; of those that follow ``DELAY_REPLY`` only HTTP knows."""

    REFUSE = "refuse"
    """Nothing listens, and open connections are reset. Only by ``switch``."""

    RESET = "reset"
    """The connection is reset; by ``switch`` the open ones are too."""

    HANG = "hang"
    """Taken, never forwarded, never answered, until the client goes away."""

    CUT_REQUEST = "cut request"
    """Broken off, on both sides, once ``after_bytes`` of the request were forwarded."""

    CUT_REPLY = "cut reply"
    """Broken off once ``after_bytes`` of the reply were forwarded."""

    DROP_REPLY = "drop reply"
    """Forwarded whole, done and answered; the client sees the connection end instead."""

    DELAY = "delay"
    """Held back until ``release``."""

    DELAY_REPLY = "delay reply"
    """Forwarded and done; the reply is held back until ``release``."""

    ERROR = "error"
    """Answered with ``status`` and not forwarded."""

    WRONG_BYTES = "wrong bytes"
    """The body that answers a GET has other bytes, as many as it should."""

    NOT_STORED = "not stored"
    """A PUT or DELETE is answered as a storage service that did it answers; not forwarded."""


HTTP_ONLY = frozenset({What.ERROR, What.WRONG_BYTES, What.NOT_STORED})


@dataclass(frozen=True)
class Fault:
    """One fault; ``methods``: only requests with one of these, all if there are none."""

    what: What
    after_bytes: int = 0
    status: int = 503
    methods: frozenset[str] = frozenset()

    def applies(self, method: str, headers: Mapping[str, str]) -> bool:
        """Whether a request can go wrong like this."""
        if self.methods and method not in self.methods:
            return False
        if self.what is What.WRONG_BYTES:
            return method == "GET"
        if self.what is What.NOT_STORED:
            copied = "x-amz-copy-source" in headers  # answered with what only the service knows
            return method in ("PUT", "DELETE") and not copied
        return True
