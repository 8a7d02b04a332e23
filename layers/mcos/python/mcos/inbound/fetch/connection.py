"""A connection to the address that was checked, and one request over it."""

import http.client
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import botocore

from mcos.inbound.fetch.address import Place, Resolve, addresses_of
from mcos.inbound.fetch.rules import (
    CONNECT_SECONDS,
    READ_SECONDS,
    Deadline,
    FetchFailed,
    FetchRefused,
)

Connect = Callable[[str, int], tuple[str, int]]
"""Maps an address and a port to those that the socket really connects to."""


class _TimedSocket(ssl.SSLSocket):
    """A socket that waits no longer than its deadline, even if the server sends single bytes.

    A plain timeout starts again with every byte, and ``http.client`` may read many for one line.
    """

    deadline: Deadline | None = None
    ended = False

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        if self.deadline is not None:
            self.settimeout(self.deadline.left(READ_SECONDS))
        taken = super().recv_into(*args, **kwargs)
        self.ended = taken == 0
        return taken


def resolve_host(host: str, port: int) -> list[str]:
    """Return all addresses of a host, in the order in which to try them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def connect_to(address: str, port: int) -> tuple[str, int]:
    """Return the address and the port unchanged."""
    return address, port


@cache
def _context() -> ssl.SSLContext:
    # Use the system's certificates: Lambda keeps them up to date in deployed runtimes, unlike a
    # bundle in a layer. Reading them is slow, so they are read once.
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"]:
        context.load_verify_locations(Path(botocore.__file__).with_name("cacert.pem"))
    context.set_alpn_protocols(["http/1.1"])
    context.sslsocket_class = _TimedSocket
    return context


def open_connection(
    place: Place, resolve: Resolve, connect: Connect, deadline: Deadline
) -> _TimedSocket:
    """Connect to the first of the host's addresses that accepts.

    Raises
    ------
    FetchRefused, FetchFailed
    """
    last: OSError | None = None
    with network_errors(place):
        for address in addresses_of(place, resolve, deadline):
            try:
                return _open_address(connect(address, place.port), place.host, deadline)
            except ssl.SSLCertVerificationError as error:
                raise FetchRefused(
                    f"{place}: its certificate must be valid: {error.verify_message}"
                ) from error
            except OSError as error:
                last = error
                deadline.left(CONNECT_SECONDS)
    raise FetchFailed(f"{place}: no connection") from last


def _open_address(address: tuple[str, int], host: str, deadline: Deadline) -> _TimedSocket:
    plain = socket.create_connection(address, timeout=deadline.left(CONNECT_SECONDS))
    try:
        plain.settimeout(deadline.left(CONNECT_SECONDS))
        # An end without TLS's close_notify may be forged: it is an error, not the end of content.
        tls = _context().wrap_socket(plain, server_hostname=host, suppress_ragged_eofs=False)
    finally:
        # Wrapping has taken over its descriptor.
        plain.close()
    assert isinstance(tls, _TimedSocket)
    tls.deadline = deadline
    return tls


def ask(tls: _TimedSocket, place: Place) -> http.client.HTTPResponse:
    """Send a GET and return the response, whose body is not read yet.

    Raises
    ------
    FetchFailed
    """
    connection = http.client.HTTPConnection(place.host, place.port)
    connection.sock = tls
    # It must never connect by itself.
    connection.auto_open = 0
    headers = {
        "Host": place.authority,
        "User-Agent": "MCOS",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    with network_errors(place):
        connection.request("GET", place.target, headers=headers)
        response = connection.getresponse()
    if tls.ended:
        # http.client accepts headers that are cut off.
        raise FetchFailed(f"{place}: the connection was cut off")
    return response


@contextmanager
def network_errors(place: Place) -> Iterator[None]:
    """Turn errors of the network into ``FetchFailed``."""
    try:
        yield
    except TimeoutError as error:
        raise FetchFailed(f"{place}: it took too long") from error
    except (OSError, http.client.HTTPException) as error:
        raise FetchFailed(f"{place}: the connection was cut off") from error
