"""The host, port and addresses of a URL, if the rules allow them."""

import re
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Thread

from mcos.inbound.fetch.rules import DNS_SECONDS, Deadline, FetchFailed, FetchRefused, FetchRules

Resolve = Callable[[str, int], Sequence[str]]
"""Resolves a host and a port to addresses, in the order in which to try them."""


@dataclass(frozen=True)
class Place:
    """A URL whose host is allowed; its addresses are checked later."""

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


# Strict: two lenient parsers may read one URL in two ways.
_URL = re.compile(r"https://(?P<authority>[^/?#]*)(?P<target>[^#]*)(#.*)?", re.I | re.S)
_AUTHORITY = re.compile(
    r"(\[(?P<v6>[0-9a-f]*:[0-9a-f:.]+)\]|(?P<name>[^\[\]:]+))(:(?P<port>[0-9]{1,5}))?", re.I
)
TARGET = re.compile(r"[!-\[\]-~]*")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


def place_of(url: str, rules: FetchRules) -> Place:
    """Parse a URL and check its host and port against the rules.

    Raises
    ------
    FetchRefused
    """
    found = _URL.fullmatch(url)
    if found is None:
        raise FetchRefused("the URL must begin with https://")
    if "@" in found["authority"]:
        raise FetchRefused("the URL must not contain a user or a password")
    authority = _AUTHORITY.fullmatch(found["authority"])
    host = authority and _host(authority)
    if authority is None or host is None:
        raise FetchRefused("the URL must have a valid host")
    port = int(authority["port"] or 443)
    place = Place(
        host=host,
        port=port,
        target=found["target"] if found["target"].startswith("/") else f"/{found['target']}",
        is_address=_is_address(host),
    )
    if not any(_allows(pattern, place) for pattern in rules.allowed_hosts):
        raise FetchRefused(f"{place}: the operator must have allowed this host and port")
    if not TARGET.fullmatch(place.target):
        raise FetchRefused(f"{place}: the URL has characters that must be percent-encoded")
    return place


def _host(authority: re.Match[str]) -> str | None:
    """Return the host in the form of DNS and certificates; None if it is invalid."""
    name = authority["v6"] or authority["name"]
    with suppress(ValueError):
        return str(ip_address(name))
    if len(name) > 255:
        # Too long for a host, and slow to normalise.
        return None
    try:
        # This also maps look-alikes of letters and dots to ASCII.
        host = name.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError:
        return None
    labels = host.split(".")
    # The resolver takes "127.1" and "0x7f000001" for addresses.
    if len(host) > 253 or _NUMBER.fullmatch(labels[-1]) or not all(map(_LABEL.fullmatch, labels)):
        return None
    return host


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _allows(pattern: str, place: Place) -> bool:
    below = pattern.startswith("*.")
    authority = _AUTHORITY.fullmatch(pattern.removeprefix("*."))
    allowed = authority and _host(authority)
    if authority is None or allowed is None or int(authority["port"] or 443) != place.port:
        return False
    if below:
        return not place.is_address and place.host.endswith(f".{allowed}")
    return place.host == allowed


_TRANSLATED = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NOT_PUBLIC = tuple(
    map(
        ip_network,
        [
            # Special in IANA's registries, but not in ``ipaddress`` of every supported Python.
            # Teredo (in 2001::/23) and 6to4 (2002::/16) embed other addresses.
            "192.0.0.0/24",
            "192.88.99.0/24",
            "2001::/23",
            "2002::/16",
            "3fff::/20",
            # A public address at which every machine in Azure reaches its own host.
            "168.63.129.16/32",
        ],
    )
)


def _is_public(address: str) -> bool:
    """Whether the address is public, so that being inside the network gives no advantage."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        # Both embed an IPv4 address.
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


def addresses_of(place: Place, resolve: Resolve, deadline: Deadline) -> Sequence[str]:
    """Resolve the host once and return its addresses, all of which must be public.

    Raises
    ------
    FetchRefused, FetchFailed, TimeoutError
    """
    if place.is_address:
        addresses: Sequence[str] = [place.host]
    else:
        left = deadline.left(DNS_SECONDS)
        # The system's resolver has no timeout: its thread is abandoned when it is late.
        answer: Future[Sequence[str]] = Future()
        Thread(target=_answer, args=(answer, resolve, place), daemon=True).start()
        try:
            addresses = answer.result(left)
        except (OSError, UnicodeError) as error:
            raise FetchFailed(f"{place}: DNS has no address for the host") from error
    if not addresses:
        raise FetchFailed(f"{place}: DNS has no address for the host")
    if not all(map(_is_public, addresses)):
        raise FetchRefused(f"{place}: its addresses must be public")
    return addresses


def _answer(answer: Future[Sequence[str]], resolve: Resolve, place: Place) -> None:
    try:
        answer.set_result(resolve(place.host, place.port))
    except BaseException as error:
        answer.set_exception(error)
