"""How many bytes of the content are done."""

from collections.abc import Callable
from threading import Lock

OnProgress = Callable[[int, int | None], None]
"""Called with the bytes that are done and their total, None if it is unknown; by any thread."""


class Progress:
    """Counts bytes, and calls ``on_progress``."""

    def __init__(self, total: int | None, on_progress: OnProgress | None) -> None:
        self._total = total
        self._tell = on_progress
        self._done = 0
        self._lock = Lock()

    def move(self, count: int) -> None:
        """Add bytes that are done; a negative number, if sent bytes were lost."""
        with self._lock:
            self._done += count
            if self._tell is not None:
                self._tell(self._done, self._total)
