"""How much of a content is done, for somebody who wants to know."""

from collections.abc import Callable
from threading import Lock

OnProgress = Callable[[int, int | None], None]
"""Called with the bytes that are done and their total, None if it is unknown; by any thread."""


class Progress:
    """Counts bytes for somebody who wants to know."""

    def __init__(self, total: int | None, on_progress: OnProgress | None) -> None:
        self._total = total
        self._tell = on_progress
        self._done = 0
        self._lock = Lock()

    def move(self, count: int) -> None:
        """So many bytes more are done; fewer, if what was sent was lost."""
        with self._lock:
            self._done += count
            if self._tell is not None:
                self._tell(self._done, self._total)
