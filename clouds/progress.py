"""Short lines that say what happens."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


def say(subject: str, what: str) -> None:
    """Print one line at once, whoever reads the output."""
    # One write: threads that say something at once must not share a line.
    sys.stdout.write(f"  {subject:<10} {what}\n")
    sys.stdout.flush()


@contextmanager
def timed(subject: str, doing: str, done: str) -> Iterator[None]:
    """Say ``doing`` now, and ``done`` with the seconds it took unless it fails."""
    say(subject, f"{doing} ...")
    begin = time.monotonic()
    yield
    say(subject, f"{done} ({time.monotonic() - begin:.1f} s)")
