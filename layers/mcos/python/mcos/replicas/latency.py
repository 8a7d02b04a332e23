"""Latencies of a warm function's reads, by the cluster that was read from."""

from collections import deque
from statistics import median, quantiles

_KEPT = 64
_ENOUGH = 8

UNKNOWN_SECONDS = 1.0
"""When a read counts as slow before enough reads were measured."""

_SHORTEST, _LONGEST = 0.02, 2.0


class Latencies:
    """Latencies of the last reads from each cluster, in seconds."""

    def __init__(self) -> None:
        self._seen: dict[str, deque[float]] = {}

    def add(self, cluster: str, seconds: float) -> None:
        """Add the latency of a successful read."""
        self._seen.setdefault(cluster, deque(maxlen=_KEPT)).append(seconds)

    def usual(self, cluster: str) -> float | None:
        """Return the median; None before the first read."""
        seen = self._seen.get(cluster)
        return median(seen) if seen else None

    def slow(self, cluster: str) -> float:
        """Return the time after which a read is slow: the 95th percentile, from 0.02 to 2 s."""
        seen = self._seen.get(cluster, ())
        if len(seen) < _ENOUGH:
            return UNKNOWN_SECONDS
        return min(max(quantiles(seen, n=20)[-1], _SHORTEST), _LONGEST)

    def forget(self) -> None:
        """Remove all measurements."""
        self._seen.clear()
