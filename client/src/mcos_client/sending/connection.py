"""The way of transfers: calls to the API, and requests to storage services."""

import random
from collections.abc import Callable
from threading import Event
from typing import Protocol

import httpx

from mcos_client.api.call import Call, Result
from mcos_client.errors import TransferStopped
from mcos_client.sending.attempts import FIRST_PAUSE, LONGEST_PAUSE
from mcos_client.sending.bandwidth import Bandwidth
from mcos_client.sending.clock import Clock
from mcos_client.sending.connections import Connections

RETRIES = 4
"""How often a failed step of a transfer is repeated in a row. All steps may be."""


def pause_after(failures: int) -> float:
    """Draw the seconds to wait after so many failures: any time up to a longest, which doubles."""
    longest = min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE)
    return random.uniform(0, longest)  # noqa: S311  (no secret)


class Send(Protocol):
    """Makes a call, and gives what it answers."""

    def __call__(self, call: Call[Result], /) -> Result: ...


class Connection:
    """A client as transfers need it.

    Attributes
    ----------
    send
        Makes a call of the API, and repeats it when it fails.
    http
        For storage services; it knows no token.
    bandwidth
        How fast content goes.
    """

    def __init__(
        self,
        send: Send,
        connections: Connections[httpx.Client],
        clock: Clock,
        bandwidth: Bandwidth,
        stay_logged_in: Callable[[], None] = lambda: None,
    ) -> None:
        self.send = send
        self.bandwidth = bandwidth
        self._stay_logged_in = stay_logged_in
        self._connections = connections
        self._clock = clock
        self._stop = Event()

    @property
    def http(self) -> httpx.Client:
        return self._connections.http

    def stop(self) -> None:
        """Make transfers that are under way end with ``TransferStopped``, in other threads too."""
        self._stop.set()

    def check(self) -> None:
        """Raise if the transfers were stopped; stay logged in if they were not.

        It is called between any two pieces: a storage service may take or give for longer than a
        token is good, and the next call is made only after that.

        Raises
        ------
        TransferStopped
        """
        if self._stop.is_set():
            raise TransferStopped("The transfer was stopped.")
        self._stay_logged_in()

    def pause(self, failures: int, *, at_least: float = 0.0) -> None:
        """Wait after so many failures: any time up to a longest, which doubles."""
        self.check()
        self._clock.sleep(at_least + pause_after(failures))
