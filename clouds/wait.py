"""Waiting for conditions, and asking a server whether it answers."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable

_POLL_SECONDS = 0.05
# Servers here are on 127.0.0.1: a proxy from the environment must not get in between.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Poll ``condition`` until it holds, at most ``seconds``; returns whether it does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def http_status(url: str, seconds: float = 2.0) -> int | None:
    """The status that ``GET url`` answers, or None when nothing answers in ``seconds``."""
    try:
        with _opener.open(url, timeout=seconds) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as refused:
        return refused.code
    except OSError:
        return None
