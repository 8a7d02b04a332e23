"""A stand-in for memcached inside the one proxy process of a small Swift (a paste filter).

Swift keeps its tokens, and what it knows of accounts and containers, in memcached. One proxy
process needs no server for that: a dictionary with expiry times does. Tokens end with the
process; clients log in again when they get a 401.
"""

import json
import time
from collections.abc import Callable, Iterable
from typing import Any

_PURGE_ABOVE = 10_000


class MemoryCache:
    """The part of ``swift.common.memcached.MemcacheRing`` that a proxy uses."""

    def __init__(self) -> None:
        # Values are kept as JSON, as memcached would: a caller may change what it got. Bytes, which
        # Keystone's middleware keeps, nobody can change.
        self._entries: dict[str, tuple[str | bytes, float]] = {}

    def get(self, key: str, raise_on_error: bool = False) -> Any:
        """The live value of ``key``, or None."""
        kept, expires = self._entries.get(key, ("null", 0.0))
        if expires <= time.time():
            return None
        return kept if isinstance(kept, bytes) else json.loads(kept)

    # ``time`` (seconds; 0 means for ever) is Swift's name for the parameter, and hides the module.
    def set(
        self, key: str, value: Any, serialize: bool = True, time: float = 0, **ignored: Any
    ) -> None:
        """Keep ``value`` under ``key``."""
        if len(self._entries) >= _PURGE_ABOVE:
            self._purge()
        kept = value if isinstance(value, bytes) else json.dumps(value)
        self._entries[key] = (kept, _expiry(time))

    def incr(self, key: str, delta: int = 1, time: float = 0, **ignored: Any) -> int:
        """Add ``delta`` to a counter that never goes below zero; returns the new value."""
        value = max(0, int(self.get(key) or 0) + int(delta))
        self.set(key, value, time=time)
        return value

    def decr(self, key: str, delta: int = 1, time: float = 0, **ignored: Any) -> int:
        """Take ``delta`` off a counter."""
        return self.incr(key, -int(delta), time)

    def delete(self, key: str, server_key: str | None = None) -> None:
        """Forget ``key``."""
        self._entries.pop(key, None)

    def set_multi(
        self,
        mapping: dict[str, Any],
        server_key: str,
        serialize: bool = True,
        time: float = 0,
        **ignored: Any,
    ) -> None:
        """Keep several values."""
        for key, value in mapping.items():
            self.set(key, value, time=time)

    def get_multi(self, keys: Iterable[str], server_key: str) -> list[Any]:
        """The live values of ``keys``, None where there is none."""
        return [self.get(key) for key in keys]

    def _purge(self) -> None:
        now = time.time()
        self._entries = {k: entry for k, entry in self._entries.items() if entry[1] > now}


def _expiry(seconds: float) -> float:
    return time.time() + seconds if seconds else float("inf")


class CacheMiddleware:
    """Puts the cache where Swift's other middlewares look for it."""

    def __init__(self, app: Callable[..., Any], cache: MemoryCache) -> None:
        self.app = app
        self.cache = cache

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        environ["swift.cache"] = self.cache
        return self.app(environ, start_response)


def filter_factory(
    global_configuration: dict[str, str], **configuration: str
) -> Callable[[Callable[..., Any]], CacheMiddleware]:
    """The entry point that paste.deploy calls; one cache for the process."""
    cache = MemoryCache()
    return lambda app: CacheMiddleware(app, cache)
