"""The transfer: following redirects, checking the response, reading the content."""

import http.client
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from urllib.parse import urljoin

from mcos.inbound.fetch.address import TARGET, Place, Resolve, place_of
from mcos.inbound.fetch.connection import (
    Connect,
    ask,
    connect_to,
    network_errors,
    open_connection,
    resolve_host,
)
from mcos.inbound.fetch.rules import (
    READ_SECONDS,
    REDIRECTS,
    Deadline,
    FetchFailed,
    FetchRefused,
    FetchRules,
)
from mcos.model.representation import sent


class Fetched:
    """Content that is being fetched.

    Attributes
    ----------
    content_type
        The source's ``Content-Type``; None if it has none.
    headers
        Of the content; see ``mcos.model.representation``.
    size
        Bytes; None if the source does not give them.
    """

    def __init__(
        self,
        response: http.client.HTTPResponse,
        place: Place,
        rules: FetchRules,
        deadline: Deadline,
    ) -> None:
        self.content_type = response.getheader("Content-Type")
        self.headers = sent(response.getheader)
        self.size = _size(response, place)
        self._response = response
        self._place = place
        self._max_bytes = rules.max_bytes
        self._deadline = deadline
        self._position = 0
        self._usable = True
        if self.size is not None:
            self._limit(self.size)

    def read(self, n: int) -> bytes:
        """Return the next ``n`` bytes, fewer only at the end; empty after it.

        Raises
        ------
        FetchRefused
            There are more than ``max_bytes``.
        FetchFailed
            It was cut off, or took too long.
        ValueError
            ``n`` is not positive, or the fetch is over or has failed.
        """
        if n <= 0:
            raise ValueError(f"n must be 1 or more; it is {n}")
        if not self._usable:
            # http.client would report a closed response like the end of the content.
            raise ValueError("the fetch is over")
        self._usable = False
        # Reading one byte more than allowed shows that there are too many. ``readinto`` instead of
        # ``read``, because ``read`` would take a chunk of "-1" bytes for "all there is".
        buffer = bytearray(min(n, self._max_bytes - self._position + 1))
        with network_errors(self._place):
            taken = self._response.readinto(buffer)
            # Bytes that were buffered take no wait, but the deadline applies to them too.
            self._deadline.left(READ_SECONDS)
        self._position += taken
        self._limit(self._position)
        if taken < len(buffer) and self.size not in (None, self._position):
            raise FetchFailed(f"{self._place}: the content was cut off")
        self._usable = True
        return bytes(memoryview(buffer)[:taken])

    def close(self) -> None:
        """End the fetch; nothing can be read any more."""
        self._usable = False

    def _limit(self, size: int) -> None:
        if size > self._max_bytes:
            raise FetchRefused(
                f"{self._place}: the content must not have more than {self._max_bytes} bytes"
            )


@contextmanager
def fetch(
    url: str, rules: FetchRules, *, resolve: Resolve = resolve_host, connect: Connect = connect_to
) -> Iterator[Fetched]:
    """Fetch a URL within the rules; read the content inside the ``with``.

    Parameters
    ----------
    url
        An absolute ``https`` URL.
    rules
        The operator's rules.
    resolve, connect
        For tests: replace DNS, and the address that a socket connects to.

    Raises
    ------
    FetchRefused, FetchFailed
        Also raised by ``Fetched.read``.
    """
    deadline = Deadline(rules.max_seconds)
    place = place_of(url, rules)
    for _ in range(REDIRECTS + 1):
        with (
            closing(open_connection(place, resolve, connect, deadline)) as tls,
            closing(ask(tls, place)) as response,
        ):
            location = _redirect(response, place)
            if location is None:
                _accept(response, place)
                with closing(Fetched(response, place, rules, deadline)) as fetched:
                    yield fetched
                return
        place = place_of(location, rules)
    raise FetchRefused(f"{place}: there must not be more than {REDIRECTS} redirects")


def _redirect(response: http.client.HTTPResponse, place: Place) -> str | None:
    """Return the URL of a redirect, to which all rules apply; None: this is no redirect."""
    if response.status not in (301, 302, 303, 307, 308):
        return None
    locations = response.headers.get_all("Location", [])
    if len(locations) != 1:
        raise FetchRefused(f"{place}: a redirect must have exactly one Location")
    location: str = locations[0]
    # Check it first, because ``urljoin`` silently drops some characters.
    if TARGET.fullmatch(location):
        with suppress(ValueError):
            return urljoin(place.url, location)
    raise FetchRefused(f"{place}: the Location of a redirect must be a URL")


def _accept(response: http.client.HTTPResponse, place: Place) -> None:
    """Refuse a response that does not contain just the content."""
    status = response.status
    if status >= 500 or status in (408, 425, 429):
        raise FetchFailed(f"{place}: status {status}")
    if status != 200:
        raise FetchRefused(f"{place}: the status must be 200; it is {status}")
    encoding = _joined(response, "Content-Encoding")
    if encoding not in ("", "identity"):
        raise FetchRefused(f"{place}: the content must not have a Content-Encoding")
    # http.client would return the bytes of any other encoding as the content.
    if _joined(response, "Transfer-Encoding") not in ("", "chunked"):
        raise FetchRefused(f"{place}: the Transfer-Encoding must be chunked or absent")


def _size(response: http.client.HTTPResponse, place: Place) -> int | None:
    sizes = set(response.headers.get_all("Content-Length", []))
    if _joined(response, "Transfer-Encoding") or not sizes:
        return None
    size = sizes.pop().strip()
    if sizes or not re.fullmatch("[0-9]{1,18}", size):
        raise FetchRefused(f"{place}: the Content-Length must be valid")
    return int(size)


def _joined(response: http.client.HTTPResponse, name: str) -> str:
    return ", ".join(response.headers.get_all(name, [])).strip().lower()
