"""Several entry points of linked clusters, and which of them to ask."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from mcos_client.errors import InvalidEntryPoint
from mcos_client.sending.clock import Clock

REST = 30.0
"""Seconds for which an entry point is passed over after it could not be reached."""


class EntryPoints:
    """Entry points in the order of preference, some of them resting.

    Parameters
    ----------
    urls
        One URL, or several; any of them answers for any object.

    Raises
    ------
    InvalidEntryPoint
        No URL is given, or one that is none.
    """

    def __init__(self, urls: str | Sequence[str], clock: Clock) -> None:
        given = (urls,) if isinstance(urls, str) else urls
        self._urls = tuple(dict.fromkeys(_checked(url).rstrip("/") for url in given))
        if not self._urls:
            raise InvalidEntryPoint("at least one entry point must be given")
        self._clock = clock
        self._rests_until: dict[str, float] = {}

    @property
    def urls(self) -> tuple[str, ...]:
        """All of them, in the order of preference."""
        return self._urls

    @property
    def first(self) -> str:
        """The one to ask first."""
        return self.in_order()[0]

    def in_order(self) -> list[str]:
        """Put all of them in order: those that rest come last, the first to wake before others."""
        now = self._clock.now()

        def wakes(url: str) -> float:
            until = self._rests_until.get(url, now)
            return max(until, now)

        return sorted(self._urls, key=wakes)

    def let_rest(self, url: str) -> None:
        """Pass it over for a while."""
        self._rests_until[url] = self._clock.now() + REST


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        found = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        found = False
    if not found or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidEntryPoint(f"An entry point must be the URL of a web server, not {url!a}.")
    return url
