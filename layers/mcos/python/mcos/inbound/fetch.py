"""Fetch what a ``source_url`` names, and nothing that its writer has no business with.

Whoever writes the URL chooses where this function connects to, from inside of the operator's
network. So every hop is https, to a host that the operator allowed, at an address that anybody on
the Internet could reach; the connection goes to the very address that was looked at, and its
certificate has to be the host's. Nothing of the environment (proxies, netrc, cookies) takes part.

It is made of ``http.client`` and ``ssl`` alone: they let the socket be made here, and so its
address be chosen and every wait on it be bounded.
"""

import http.client
import re
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urljoin

import botocore

from mcos import clock

REDIRECTS = 5
DNS_SECONDS = 10
CONNECT_SECONDS = 10
READ_SECONDS = 30
"""Longest wait for one answer of a kind; all of them together have the rules' ``max_seconds``."""

Resolve = Callable[[str, int], Sequence[str]]
Connect = Callable[[str, int], tuple[str, int]]


@dataclass(frozen=True)
class FetchRules:
    """What the operator allowed.

    Attributes
    ----------
    allowed_hosts
        ``data.example.com``; ``*.example.com``, any host below it, but not itself; each with
        ``:8443`` behind it where it is not port 443. An address is allowed only by itself
        (``192.0.2.1``, ``[2001:db8::1]``). Empty: nothing may be fetched.
    max_bytes
        Largest content.
    max_seconds
        Longest time from the beginning to the last byte.
    """

    allowed_hosts: tuple[str, ...]
    max_bytes: int
    max_seconds: float


class FetchRefused(Exception):
    """It is against a rule, which the message names, and will be refused again.

    The message has no more of a URL than scheme and host: the rest may hold a signature.
    """

    code = "source_refused"


class FetchFailed(Exception):
    """The source could not be had now; a later try may succeed. The message is as careful."""

    code = "source_failed"


class _Deadline:
    """The end of a fetch."""

    def __init__(self, seconds: float) -> None:
        self._end = clock.elapsed() + seconds

    def left(self, at_most: float) -> float:
        """Seconds to wait for something; ``TimeoutError`` if there are none."""
        left = self._end - clock.elapsed()
        if left <= 0:
            raise TimeoutError
        return min(left, at_most)


class _TimedSocket(ssl.SSLSocket):
    """Waits no longer than its deadline, whatever a server sends byte by byte.

    A timeout alone begins anew with every byte; ``http.client`` may need many for one line.
    """

    deadline: _Deadline | None = None
    ended = False

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        if self.deadline is not None:
            self.settimeout(self.deadline.left(READ_SECONDS))
        taken = super().recv_into(*args, **kwargs)
        self.ended = taken == 0
        return taken


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
        place: "_Place",
        rules: FetchRules,
        deadline: _Deadline,
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
        with _failing(self._place):
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


def _resolve(host: str, port: int) -> list[str]:
    """What DNS says: every address, in the order in which they are to be tried."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _connect(address: str, port: int) -> tuple[str, int]:
    return address, port


@contextmanager
def fetch(
    url: str, rules: FetchRules, *, resolve: Resolve = _resolve, connect: Connect = _connect
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
    deadline = _Deadline(rules.max_seconds)
    place = _place(url, rules)
    for _ in range(REDIRECTS + 1):
        with (
            closing(_open(place, resolve, connect, deadline)) as tls,
            closing(_ask(tls, place)) as response,
        ):
            location = _redirect(response, place)
            if location is None:
                _accept(response, place)
                with closing(Fetched(response, place, rules, deadline)) as fetched:
                    yield fetched
                return
        place = _place(location, rules)
    raise FetchRefused(f"{place}: more than {REDIRECTS} redirects")


# Where to


@dataclass(frozen=True)
class _Place:
    """A URL that may be fetched, if its addresses may be."""

    host: str
    port: int
    target: str
    is_address: bool

    def __str__(self) -> str:
        return f"https://{self._name}"

    @property
    def _name(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def authority(self) -> str:
        return self._name if self.port == 443 else f"{self._name}:{self.port}"

    @property
    def url(self) -> str:
        return f"https://{self.authority}{self.target}"


# One strict reading: parsers that forgive read one URL in two ways.
_URL = re.compile(r"https://(?P<authority>[^/?#]*)(?P<target>[^#]*)(#.*)?", re.I | re.S)
_AUTHORITY = re.compile(
    r"(\[(?P<v6>[0-9a-f]*:[0-9a-f:.]+)\]|(?P<name>[^\[\]:]+))(:(?P<port>[0-9]{1,5}))?", re.I
)
_TARGET = re.compile(r"[!-\[\]-~]*")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


def _place(url: str, rules: FetchRules) -> _Place:
    found = _URL.fullmatch(url)
    if found is None:
        raise FetchRefused("only https:// is fetched")
    if "@" in found["authority"]:
        raise FetchRefused("a URL with a user or a password is not fetched")
    authority = _AUTHORITY.fullmatch(found["authority"])
    host = authority and _host(authority)
    if authority is None or host is None:
        raise FetchRefused("the URL has no valid host")
    port = int(authority["port"] or 443)
    place = _Place(
        host=host,
        port=port,
        target=found["target"] if found["target"].startswith("/") else f"/{found['target']}",
        is_address=_is_address(host),
    )
    if not any(_allows(pattern, place) for pattern in rules.allowed_hosts):
        raise FetchRefused(f"{place}: the operator has not allowed this host and port")
    if not _TARGET.fullmatch(place.target):
        raise FetchRefused(f"{place}: the URL has characters that must be percent-encoded")
    return place


def _host(authority: re.Match[str]) -> str | None:
    """The host as DNS and certificates have it; None if it is none."""
    name = authority["v6"] or authority["name"]
    with suppress(ValueError):
        return str(ip_address(name))
    if len(name) > 255:
        # No host, and slow to normalise.
        return None
    try:
        # Also for what is ASCII: what looks like another letter or dot becomes it here.
        host = name.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError:
        return None
    labels = host.split(".")
    # "127.1" and "0x7f000001" are addresses to the resolver.
    if len(host) > 253 or _NUMBER.fullmatch(labels[-1]) or not all(map(_LABEL.fullmatch, labels)):
        return None
    return host


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _allows(pattern: str, place: _Place) -> bool:
    below = pattern.startswith("*.")
    authority = _AUTHORITY.fullmatch(pattern.removeprefix("*."))
    allowed = authority and _host(authority)
    if authority is None or allowed is None or int(authority["port"] or 443) != place.port:
        return False
    if below:
        return not place.is_address and place.host.endswith(f".{allowed}")
    return place.host == allowed


# At which address

_TRANSLATED = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NOT_PUBLIC = tuple(
    map(
        ip_network,
        [
            # Special by the registries of IANA, and not in those of every Python that we run on.
            # With Teredo (in 2001::/23) and 6to4 (2002::/16), whatever address is inside of theirs.
            "192.0.0.0/24",
            "192.88.99.0/24",
            "2001::/23",
            "2002::/16",
            "3fff::/20",
            # A public number, behind which each machine of Azure finds its own host.
            "168.63.129.16/32",
        ],
    )
)


def _is_public(address: str) -> bool:
    """Whether anybody on the Internet may reach it; so the network around us gives no more."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        # Both are an IPv4 address, written as IPv6.
        if ip.ipv4_mapped or ip in _TRANSLATED:
            return _is_public(str(IPv4Address(int(ip) & 0xFFFFFFFF)))
        if ip.scope_id or ip not in _GLOBAL_UNICAST:
            return False
    return ip.is_global and not (
        ip.is_private
        or ip.is_multicast
        or ip.is_reserved
        or ip.is_unspecified
        or ip.is_link_local
        or ip.is_loopback
        or any(ip in network for network in _NOT_PUBLIC)
    )


def _addresses(place: _Place, resolve: Resolve, deadline: _Deadline) -> Sequence[str]:
    """Addresses of the host, asked for once; one that is not public spoils them all."""
    if place.is_address:
        addresses: Sequence[str] = [place.host]
    else:
        left = deadline.left(DNS_SECONDS)
        # The system's resolver knows no timeout: its thread is left behind when it is late.
        answer: Future[Sequence[str]] = Future()
        Thread(target=_answer, args=(answer, resolve, place), daemon=True).start()
        try:
            addresses = answer.result(left)
        except (OSError, UnicodeError) as error:
            raise FetchFailed(f"{place}: DNS gives no address") from error
    if not addresses:
        raise FetchFailed(f"{place}: DNS gives no address")
    if not all(map(_is_public, addresses)):
        raise FetchRefused(f"{place}: its address is not a public one")
    return addresses


def _answer(answer: Future[Sequence[str]], resolve: Resolve, place: _Place) -> None:
    try:
        answer.set_result(resolve(place.host, place.port))
    except BaseException as error:
        answer.set_exception(error)


# How


@cache
def _context() -> ssl.SSLContext:
    # The system's store: Lambda keeps it up to date in runtimes that are long deployed, which a
    # bundle in a layer is not. Reading it takes a while, so it is read once.
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"]:
        context.load_verify_locations(Path(botocore.__file__).with_name("cacert.pem"))
    context.set_alpn_protocols(["http/1.1"])
    context.sslsocket_class = _TimedSocket
    return context


def _open(place: _Place, resolve: Resolve, connect: Connect, deadline: _Deadline) -> _TimedSocket:
    """A connection to one of the host's addresses, the first that takes it."""
    last: OSError | None = None
    with _failing(place):
        for address in _addresses(place, resolve, deadline):
            try:
                return _open_address(connect(address, place.port), place.host, deadline)
            except ssl.SSLCertVerificationError as error:
                raise FetchRefused(
                    f"{place}: its certificate is not good: {error.verify_message}"
                ) from error
            except OSError as error:
                last = error
                deadline.left(CONNECT_SECONDS)
    raise FetchFailed(f"{place}: no connection") from last


def _open_address(address: tuple[str, int], host: str, deadline: _Deadline) -> _TimedSocket:
    plain = socket.create_connection(address, timeout=deadline.left(CONNECT_SECONDS))
    try:
        plain.settimeout(deadline.left(CONNECT_SECONDS))
        # An end without its signature may be anybody's: it is an error, not the end of a content.
        tls = _context().wrap_socket(plain, server_hostname=host, suppress_ragged_eofs=False)
    finally:
        # Once wrapped, it is empty.
        plain.close()
    assert isinstance(tls, _TimedSocket)
    tls.deadline = deadline
    return tls


def _ask(tls: _TimedSocket, place: _Place) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(place.host, place.port)
    connection.sock = tls
    # What is not connected stays so.
    connection.auto_open = 0
    headers = {
        "Host": place.authority,
        "User-Agent": "MCOS",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    with _failing(place):
        connection.request("GET", place.target, headers=headers)
        response = connection.getresponse()
    if tls.ended:
        # http.client takes an end within the headers for theirs.
        raise FetchFailed(f"{place}: the connection was cut off")
    return response


def _redirect(response: http.client.HTTPResponse, place: _Place) -> str | None:
    """The URL that is to be fetched instead, by all the rules; None: this is the content."""
    if response.status not in (301, 302, 303, 307, 308):
        return None
    locations = response.headers.get_all("Location", [])
    if len(locations) != 1:
        raise FetchRefused(f"{place}: a redirect to nowhere")
    location: str = locations[0]
    # Looked at first: ``urljoin`` drops some characters instead.
    if _TARGET.fullmatch(location):
        with suppress(ValueError):
            return urljoin(place.url, location)
    raise FetchRefused(f"{place}: a redirect to what is no URL")


def _accept(response: http.client.HTTPResponse, place: _Place) -> None:
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


def _size(response: http.client.HTTPResponse, place: _Place) -> int | None:
    sizes = set(response.headers.get_all("Content-Length", []))
    if _joined(response, "Transfer-Encoding") or not sizes:
        return None
    size = sizes.pop().strip()
    if sizes or not re.fullmatch("[0-9]{1,18}", size):
        raise FetchRefused(f"{place}: no valid Content-Length")
    return int(size)


def _joined(response: http.client.HTTPResponse, name: str) -> str:
    return ", ".join(response.headers.get_all(name, [])).strip().lower()


@contextmanager
def _failing(place: _Place) -> Iterator[None]:
    """What goes wrong on a network, as a ``FetchFailed``."""
    try:
        yield
    except TimeoutError as error:
        raise FetchFailed(f"{place}: it takes too long") from error
    except (OSError, http.client.HTTPException) as error:
        raise FetchFailed(f"{place}: the connection was cut off") from error
