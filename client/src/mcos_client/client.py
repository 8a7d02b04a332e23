"""The client."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import httpx

from mcos_client.admin import Admin
from mcos_client.api.call import Call, Result
from mcos_client.api.login import refresh_token
from mcos_client.content import ContentCalls
from mcos_client.errors import McosError, ReplyMixedUp
from mcos_client.sending.attempts import SEND_FAILURES, Attempts
from mcos_client.sending.bandwidth import Bandwidth
from mcos_client.sending.clock import Clock
from mcos_client.sending.connection import RETRIES, Connection
from mcos_client.sending.connections import Connections
from mcos_client.sending.encoded import send
from mcos_client.sending.entry_points import EntryPoints
from mcos_client.sending.tokens import CurrentToken, TokenStore

TIMEOUT = httpx.Timeout(connect=5, read=35, write=35, pool=5)
"""Seconds. The API's longest wait is 25, its gateway gives up after 30."""

NO_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=None)
"""There are as many connections as threads that send, and none of those waits for another."""


class Client(ContentCalls):
    """A user's access to MCOS.

    Parameters
    ----------
    entry_point
        URL of any cluster's entry point, or several in the order of preference: one that cannot
        be reached is passed over for a while.
    token
        What ``login`` gave; not needed if ``login`` is called on this client. It is exchanged for
        a new one every quarter of an hour while the client is used, for a week at most.
    token_store
        Where other processes of the user find the new one.
    timeout
        Seconds, or ``httpx.Timeout``.
    transport
        Where requests go instead of the network; for tests.
    retries
        How often a call that failed is made again where that is safe, with growing pauses.
    bandwidth
        How many bytes a second go each way, at most; clients that share one share its limit.

    Attributes
    ----------
    admin
        The operators' calls.

    Notes
    -----
    ``prefer`` is ``"respond-async"`` (return when the request is durable) or ``"wait=N"`` (return
    when it is done, N seconds at most); without it the cluster's default holds. ``if_match`` and
    ``if_none_match`` are ETags as the API gives them, or ``"*"``. Every method raises a
    subclass of ``McosError``; a file of the caller's that cannot be read or written is an
    ``OSError``. One client may be used by several threads, and by processes that are forked: each
    makes connections of its own (unless a ``transport`` was handed in).
    """

    def __init__(
        self,
        entry_point: str | Sequence[str],
        token: str | None = None,
        *,
        timeout: float | httpx.Timeout = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
        retries: int = 0,
        clock: Clock | None = None,
        token_store: TokenStore | None = None,
        bandwidth: Bandwidth | None = None,
    ) -> None:
        self.admin = Admin(self)
        self._clock = clock or Clock()
        self._bandwidth = bandwidth or Bandwidth()
        self._token = CurrentToken(token, self._clock, token_store)
        self._entry_points = EntryPoints(entry_point, self._clock)
        self._retries = retries
        self._connections = Connections(
            lambda: httpx.Client(timeout=timeout, limits=NO_LIMITS, transport=transport)
        )
        self._connection = Connection(
            self._send_on,
            self._connections,
            self._clock,
            self._bandwidth,
            self._renew_token,
        )

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
        """Close the connections; nothing more can be sent."""
        for http in self._connections.close():
            http.close()

    @property
    def token(self) -> str | None:
        """What proves who is calling; None before a login."""
        return self._token.text

    @token.setter
    def token(self, token: str | None) -> None:
        self._token.use(token)

    @property
    def _http(self) -> httpx.Client:
        return self._connections.http

    @property
    def entry_point(self) -> str:
        """URL of the entry point that the next call goes to."""
        return self._entry_points.first

    def _send(self, call: Call[Result], /) -> Result:
        if call.authenticated:
            self._renew_token()
        return self._attempt(call, self._retries)

    def _pause(self, seconds: float, /) -> float:
        if seconds:
            self._clock.sleep(seconds)
        return self._clock.now()

    def _send_on(self, call: Call[Result]) -> Result:
        """Send a call of a transfer: all of those may be repeated, and much is lost with one."""
        self._renew_token()
        return self._attempt(call, max(self._retries, RETRIES))

    def _renew_token(self) -> None:
        """Exchange the token if it is time; if that fails, what is under way goes on."""
        if not self._token.is_due:
            return
        with self._token.renewing(wait=True) as is_mine:
            if is_mine:
                try:
                    self._token.renewed(self._attempt(refresh_token(), 0))
                except McosError as error:
                    self._token.not_renewed(error)

    def _attempt(self, call: Call[Result], retries: int) -> Result:
        attempts = Attempts(call, self._entry_points, retries)
        while True:
            http, token = self._http, self.token
            try:
                return attempts.read(send(http, attempts.request(token), self._bandwidth))
            except (*SEND_FAILURES, McosError) as error:
                if isinstance(error, McosError) and self._token.is_replaced(error, token):
                    continue
                if isinstance(error, ReplyMixedUp):
                    self._connections.drop(http)
                pause = attempts.pause_after(error)
            if pause:
                self._clock.sleep(pause)
