"""How many bytes a second go over the network, at most."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from threading import Lock

from mcos_client.sending.clock import Clock

_SLICES = 8
"""In how many pieces the bytes of a second go: so they are spread, and a stop is soon noticed."""


class Pace:
    """Lets bytes of one direction go no faster than a rate; for any number of threads or tasks.

    Parameters
    ----------
    rate
        Bytes a second; None: no limit.

    Raises
    ------
    ValueError
    """

    def __init__(self, rate: int | None, clock: Clock) -> None:
        if rate is not None and rate < 1:
            raise ValueError("a limit must be at least one byte a second")
        self._rate = rate
        self._clock = clock
        self._free_at = clock.now()
        self._lock = Lock()

    @property
    def is_limited(self) -> bool:
        return self._rate is not None

    def pieces(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Give the same bytes, in smaller pieces, each when its turn has come."""
        for piece in pieces:
            for part in self._parts(piece):
                pause = self._turn(len(part))
                if pause:
                    self._clock.sleep(pause)
                yield part

    async def pieces_async(self, pieces: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        """As ``pieces``."""
        async for piece in pieces:
            for part in self._parts(piece):
                pause = self._turn(len(part))
                if pause:
                    await self._clock.sleep_async(pause)
                yield part

    def _parts(self, piece: bytes) -> Iterator[bytes]:
        if self._rate is None:
            yield piece
            return
        size = max(1, self._rate // _SLICES)
        for first in range(0, len(piece), size):
            yield piece[first : first + size]

    def _turn(self, count: int) -> float:
        """Take the next turn for so many bytes; return the seconds until it comes."""
        if self._rate is None:
            return 0.0
        with self._lock:
            now = self._clock.now()
            begins = max(self._free_at, now)
            self._free_at = begins + count / self._rate
            return begins - now


class Bandwidth:
    """A limit of what the clients that have it send and receive, all of them together.

    Parameters
    ----------
    up, down
        Bytes a second; None: no limit.
    """

    def __init__(
        self, *, up: int | None = None, down: int | None = None, clock: Clock | None = None
    ) -> None:
        self.up = Pace(up, clock or Clock())
        self.down = Pace(down, clock or Clock())
