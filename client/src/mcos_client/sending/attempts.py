"""The attempts at one call: where each goes, and whether there is another. It does no I/O."""

import random
import secrets
from enum import Enum
from typing import Generic

import httpx

from mcos_client.api.call import Call, Repeat, Result
from mcos_client.errors import (
    ContentCorrupted,
    InvalidHeader,
    McosError,
    NotSent,
    OutcomeUnknown,
    ReplyMixedUp,
    UnexpectedReply,
    Unreachable,
)
from mcos_client.sending.entry_points import EntryPoints

FIRST_PAUSE = 0.2
"""Seconds before the second attempt, at most; they double from one attempt to the next."""

LONGEST_PAUSE = 10.0
"""Seconds. A longer ``Retry-After`` is left to the caller."""

REQUEST_HEADER = "x-mcos-request"
"""Names a request; the reply to it, and no other, has the same."""

SEND_FAILURES = (httpx.RequestError, httpx.StreamError, OSError)
"""What a transport may raise instead of giving a reply."""

_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)


class Outcome(Enum):
    """What is known about the request after an attempt that failed."""

    NOT_DONE = "nothing was done, and a later attempt may succeed"
    UNKNOWN = "it may have been done"
    REFUSED = "nothing was done, and another attempt would be refused alike"


def outcome_of(error: McosError) -> Outcome:
    """Tell from an error what became of its request."""
    if isinstance(error, NotSent):
        return Outcome.NOT_DONE
    if isinstance(error, Unreachable | ContentCorrupted | OutcomeUnknown):
        return Outcome.UNKNOWN
    if error.status == httpx.codes.TOO_MANY_REQUESTS:
        return Outcome.NOT_DONE
    if error.status == httpx.codes.SERVICE_UNAVAILABLE and error.retry_after is not None:
        return Outcome.NOT_DONE
    if error.status is not None and error.status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return Outcome.UNKNOWN
    return Outcome.REFUSED


class Attempts(Generic[Result]):
    """The attempts at a call, one after another.

    Attributes
    ----------
    entry_point
        Where the next one goes.

    Notes
    -----
    Send ``request``; hand the reply to ``read`` and an error to ``pause_after``, which raises it
    if there is no other attempt.
    """

    def __init__(self, call: Call[Result], entry_points: EntryPoints, retries: int) -> None:
        self._call = call
        self._entry_points = entry_points
        self._retries = retries
        self._made = 0
        self._lost: McosError | None = None
        self._sent_as = ""
        self.entry_point, *self._others = entry_points.in_order()

    def request(self, token: str | None) -> httpx.Request:
        """Make the request of the next attempt.

        Raises
        ------
        InvalidRequest, NotAuthenticated
        """
        request = self._call.request(self.entry_point, token)
        # Not from `random`: processes that were forked would draw the same.
        self._sent_as = secrets.token_hex(8)
        request.headers[REQUEST_HEADER] = self._sent_as
        return request

    def read(self, response: httpx.Response) -> Result:
        """Read the reply.

        Raises
        ------
        ReplyMixedUp
            It is the reply to another request.
        McosError
        """
        answered = response.headers.get(REQUEST_HEADER, self._sent_as)
        if answered != self._sent_as:
            raise ReplyMixedUp(f"{self.entry_point}: the reply that came answers another request.")
        try:
            return self._call.result(response)
        except McosError as error:
            if self._lost is not None:
                for kind, meaning in self._call.already.items():
                    if isinstance(error, kind):
                        return meaning
            raise

    def pause_after(self, error: Exception) -> float:
        """Choose the seconds until the next attempt.

        Raises
        ------
        McosError
            There is no other attempt.
        """
        failure = error if isinstance(error, McosError) else self._without_reply(error)
        if _is_of_the_entry_point(failure):
            self._entry_points.let_rest(self.entry_point)
        if isinstance(failure, NotSent) and self._others:
            # Another entry point is asked at once, and whether or not retries were asked for.
            self.entry_point, *self._others = self._others
            return 0.0
        outcome = outcome_of(failure)
        if self._made == self._retries or not self._may_follow(outcome, failure):
            self._end(failure, cause=error)
        if outcome is Outcome.UNKNOWN:
            self._lost = self._lost or failure
        self._made += 1
        self.entry_point, *self._others = self._entry_points.in_order()
        return (failure.retry_after or 0.0) + self._backoff()

    def _may_follow(self, outcome: Outcome, failure: McosError) -> bool:
        if (failure.retry_after or 0.0) > LONGEST_PAUSE:
            return False
        if isinstance(failure, OutcomeUnknown):
            # Others have changed the object since: only a condition keeps from undoing that.
            return self._call.repeat is Repeat.GUARDED
        if outcome is Outcome.UNKNOWN:
            return self._call.repeat is not Repeat.IF_NOT_DONE
        return outcome is Outcome.NOT_DONE

    def _backoff(self) -> float:
        """Draw any time up to the longest (full jitter): so clients do not come back together."""
        longest = min(FIRST_PAUSE * 2 ** (self._made - 1), LONGEST_PAUSE)
        return random.uniform(0, longest)  # noqa: S311  (no secret)

    def _end(self, failure: McosError, *, cause: Exception) -> None:
        if self._lost is not None and self._call.repeat is Repeat.GUARDED:
            # An earlier attempt may have been done, and may be why this one was refused.
            raise self._lost from cause
        if failure is cause:
            raise failure
        raise failure from cause

    def _without_reply(self, error: Exception) -> McosError:
        told = str(error) or type(error).__name__
        if isinstance(error, httpx.LocalProtocolError):
            # It never left: another attempt would not either.
            return InvalidHeader(f"The request cannot be sent: {told}")
        kind = NotSent if isinstance(error, _NEVER_SENT) else Unreachable
        return kind(f"{self.entry_point}: {told}")


def _is_of_the_entry_point(failure: McosError) -> bool:
    """Whether another entry point may answer: there was no reply, or not one of the API."""
    if isinstance(failure, UnexpectedReply):
        return failure.status is not None and failure.status >= httpx.codes.INTERNAL_SERVER_ERROR
    return isinstance(failure, Unreachable)
