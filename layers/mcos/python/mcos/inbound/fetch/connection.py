"""A connection to the very address that was looked at, and one request over it."""

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
"""Where a socket really goes to that is meant for an address and a port."""


class _TimedSocket(ssl.SSLSocket):
    """Waits no longer than its deadline, whatever a server sends byte by byte.

    A timeout alone begins anew with every byte; ``http.client`` may need many for one line.
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
    """What DNS says: every address, in the order in which they are to be tried."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def connect_to(address: str, port: int) -> tuple[str, int]:
    return address, port


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


def open_connection(
    place: Place, resolve: Resolve, connect: Connect, deadline: Deadline
) -> _TimedSocket:
    """A connection to one of the host's addresses, the first that takes it."""
    last: OSError | None = None
    with failing(place):
        for address in addresses_of(place, resolve, deadline):
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


def _open_address(address: tuple[str, int], host: str, deadline: Deadline) -> _TimedSocket:
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


def ask(tls: _TimedSocket, place: Place) -> http.client.HTTPResponse:
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
    with failing(place):
        connection.request("GET", place.target, headers=headers)
        response = connection.getresponse()
    if tls.ended:
        # http.client takes an end within the headers for theirs.
        raise FetchFailed(f"{place}: the connection was cut off")
    return response


@contextmanager
def failing(place: Place) -> Iterator[None]:
    """What goes wrong on a network, as a ``FetchFailed``."""
    try:
        yield
    except TimeoutError as error:
        raise FetchFailed(f"{place}: it takes too long") from error
    except (OSError, http.client.HTTPException) as error:
        raise FetchFailed(f"{place}: the connection was cut off") from error
