"""The transfer: redirects, what is accepted as the content, and reading it."""

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
    failing,
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


class Fetched:
    """A content that is being fetched.

    Attributes
    ----------
    content_type
        As the source calls it; None if it does not.
    size
        Bytes, if the source tells.
    """

    def __init__(
        self,
        response: http.client.HTTPResponse,
        place: Place,
        rules: FetchRules,
        deadline: Deadline,
    ) -> None:
        self.content_type = response.getheader("Content-Type")
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
        """The next ``n`` bytes, fewer only at the end; none after it.

        Raises
        ------
        FetchRefused
            There are more than ``max_bytes``.
        FetchFailed
            It was cut off, or takes too long.
        ValueError
            The fetch is over, or has failed before.
        """
        if n <= 0:
            raise ValueError("nothing is to be read")
        if not self._usable:
            # What http.client says of a closed response looks like the end of a content.
            raise ValueError("the fetch is over")
        self._usable = False
        # One byte more than is allowed shows that there are too many. ``readinto`` and not
        # ``read``, which would take a chunk of "-1" bytes for "all there is".
        buffer = bytearray(min(n, self._max_bytes - self._position + 1))
        with failing(self._place):
            taken = self._response.readinto(buffer)
            # What was sent ahead needs no wait, and counts all the same.
            self._deadline.left(READ_SECONDS)
        self._position += taken
        self._limit(self._position)
        if taken < len(buffer) and self.size not in (None, self._position):
            raise FetchFailed(f"{self._place}: the content was cut off")
        self._usable = True
        return bytes(memoryview(buffer)[:taken])

    def close(self) -> None:
        """Nothing can be read any more."""
        self._usable = False

    def _limit(self, size: int) -> None:
        if size > self._max_bytes:
            raise FetchRefused(f"{self._place}: more than {self._max_bytes} bytes")


@contextmanager
def fetch(
    url: str, rules: FetchRules, *, resolve: Resolve = resolve_host, connect: Connect = connect_to
) -> Iterator[Fetched]:
    """Fetch a URL by the rules; the content is read inside of the ``with``.

    Parameters
    ----------
    url
        An absolute ``https`` URL.
    rules
        What the operator allowed.
    resolve, connect
        For tests: the addresses of a host; and where a socket really goes to that is meant for
        an address.

    Raises
    ------
    FetchRefused, FetchFailed
        Here and by ``Fetched.read``.
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
    raise FetchRefused(f"{place}: more than {REDIRECTS} redirects")


def _redirect(response: http.client.HTTPResponse, place: Place) -> str | None:
    """The URL that is to be fetched instead, by all the rules; None: this is the content."""
    if response.status not in (301, 302, 303, 307, 308):
        return None
    locations = response.headers.get_all("Location", [])
    if len(locations) != 1:
        raise FetchRefused(f"{place}: a redirect to nowhere")
    location: str = locations[0]
    # Looked at first: ``urljoin`` drops some characters instead.
    if TARGET.fullmatch(location):
        with suppress(ValueError):
            return urljoin(place.url, location)
    raise FetchRefused(f"{place}: a redirect to what is no URL")


def _accept(response: http.client.HTTPResponse, place: Place) -> None:
    """Refuse what is not just the content."""
    status = response.status
    if status >= 500 or status in (408, 425, 429):
        raise FetchFailed(f"{place}: status {status}")
    if status != 200:
        raise FetchRefused(f"{place}: status {status}")
    encoding = _joined(response, "Content-Encoding")
    if encoding not in ("", "identity"):
        raise FetchRefused(f"{place}: the content is encoded, although it must not be")
    # http.client knows no other, and would take it for the content.
    if _joined(response, "Transfer-Encoding") not in ("", "chunked"):
        raise FetchRefused(f"{place}: an unknown transfer encoding")


def _size(response: http.client.HTTPResponse, place: Place) -> int | None:
    sizes = set(response.headers.get_all("Content-Length", []))
    if _joined(response, "Transfer-Encoding") or not sizes:
        return None
    size = sizes.pop().strip()
    if sizes or not re.fullmatch("[0-9]{1,18}", size):
        raise FetchRefused(f"{place}: no valid Content-Length")
    return int(size)


def _joined(response: http.client.HTTPResponse, name: str) -> str:
    return ", ".join(response.headers.get_all(name, [])).strip().lower()
