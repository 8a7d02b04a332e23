"""How long a warm function's readings take, by the cluster that was read from."""

from collections import deque
from statistics import median, quantiles

_KEPT = 64
_ENOUGH = 8

UNKNOWN_SECONDS = 1.0
"""When a reading counts as slow before enough was measured."""

_SHORTEST, _LONGEST = 0.02, 2.0


class Latencies:
    """The last readings of each cluster, in seconds."""

    def __init__(self) -> None:
        self._seen: dict[str, deque[float]] = {}

    def add(self, cluster: str, seconds: float) -> None:
        """Take note of a reading that succeeded."""
        self._seen.setdefault(cluster, deque(maxlen=_KEPT)).append(seconds)

    def usual(self, cluster: str) -> float | None:
        """The median, None before the first reading."""
        seen = self._seen.get(cluster)
        return median(seen) if seen else None

    def slow(self, cluster: str) -> float:
        """After how long a reading is slow: its 95th percentile, within reason."""
        seen = self._seen.get(cluster, ())
        if len(seen) < _ENOUGH:
            return UNKNOWN_SECONDS
        return min(max(quantiles(seen, n=20)[-1], _SHORTEST), _LONGEST)

    def forget(self) -> None:
        """Begin anew."""
        self._seen.clear()
