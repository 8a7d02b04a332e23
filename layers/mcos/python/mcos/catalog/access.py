"""What a call needs of the catalog, and what it has done to it.

All reads are strongly consistent. Where the catalog is in several regions, one that reaches no
other has no strong reads and no writes, only eventually consistent reads. A call that changes
nothing goes on with those, and its reply says so.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class Access:
    """What a call needs, and has done.

    Attributes
    ----------
    may_be_stale
        Whether eventually consistent reads will do where there are no others.
    is_stale
        Whether it has read so.
    has_written
        Whether a write was sent, whatever became of it.
    """

    may_be_stale: bool = False
    is_stale: bool = False
    has_written: bool = False


_current: ContextVar[Access | None] = ContextVar("access", default=None)


@contextmanager
def accessing(*, may_be_stale: bool = False) -> Iterator[Access]:
    """Let what is done inside be one call."""
    access = Access(may_be_stale)
    token = _current.set(access)
    try:
        yield access
    finally:
        _current.reset(token)


def current() -> Access:
    """Return what the call that is under way needs; outside of calls, nothing but strong reads."""
    return _current.get() or Access()
