"""The rules for fetches, and how a fetch fails."""

from dataclasses import dataclass

from mcos import clock

REDIRECTS = 5
DNS_SECONDS = 10
CONNECT_SECONDS = 10
READ_SECONDS = 30
"""Longest wait for one reply of each kind; ``FetchRules.max_seconds`` bounds the whole fetch."""


@dataclass(frozen=True)
class FetchRules:
    """The operator's rules.

    Attributes
    ----------
    allowed_hosts
        For instance ``data.example.com``, or ``*.example.com`` for every host below it but not
        itself; with ``:8443`` appended for another port than 443. An address must be listed as
        such (``192.0.2.1``, ``[2001:db8::1]``). Empty: nothing may be fetched.
    max_bytes
        Largest content in bytes.
    max_seconds
        Longest time from the start to the last byte.
    """

    allowed_hosts: tuple[str, ...]
    max_bytes: int
    max_seconds: float


class FetchRefused(Exception):
    """The fetch breaks a rule, which the message names, and will always be refused.

    The message has only scheme and host of a URL, because the rest may contain a signature.
    """

    code = "source_refused"


class FetchFailed(Exception):
    """The source could not be fetched now; a later try may succeed.

    The message has only scheme and host of a URL.
    """

    code = "source_failed"


class Deadline:
    """The time at which a fetch must end."""

    def __init__(self, seconds: float) -> None:
        self._end = clock.elapsed() + seconds

    def left(self, at_most: float) -> float:
        """Return the seconds left, but no more than ``at_most``.

        Raises
        ------
        TimeoutError
            No time is left.
        """
        left = self._end - clock.elapsed()
        if left <= 0:
            raise TimeoutError
        return min(left, at_most)
