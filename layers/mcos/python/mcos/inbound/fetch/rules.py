"""What may be fetched, and how a fetch fails."""

from dataclasses import dataclass

from mcos import clock

REDIRECTS = 5
DNS_SECONDS = 10
CONNECT_SECONDS = 10
READ_SECONDS = 30
"""Longest wait for one answer of a kind; all of them together have the rules' ``max_seconds``."""


@dataclass(frozen=True)
class FetchRules:
    """What the operator allowed.

    Attributes
    ----------
    allowed_hosts
        ``data.example.com``; ``*.example.com``, any host below it, but not itself; each with
        ``:8443`` behind it where it is not port 443. An address is allowed only by itself
        (``192.0.2.1``, ``[2001:db8::1]``). Empty: nothing may be fetched.
    max_bytes
        Largest content.
    max_seconds
        Longest time from the beginning to the last byte.
    """

    allowed_hosts: tuple[str, ...]
    max_bytes: int
    max_seconds: float


class FetchRefused(Exception):
    """It is against a rule, which the message names, and will be refused again.

    The message has no more of a URL than scheme and host: the rest may hold a signature.
    """

    code = "source_refused"


class FetchFailed(Exception):
    """The source could not be had now; a later try may succeed. The message is as careful."""

    code = "source_failed"


class Deadline:
    """The end of a fetch."""

    def __init__(self, seconds: float) -> None:
        self._end = clock.elapsed() + seconds

    def left(self, at_most: float) -> float:
        """Seconds to wait for something; ``TimeoutError`` if there are none."""
        left = self._end - clock.elapsed()
        if left <= 0:
            raise TimeoutError
        return min(left, at_most)
