"""Requests over HTTP, with connections that each thread keeps."""

import ssl
import threading
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from types import TracebackType
from urllib.parse import urlsplit

from mcos_rescue.errors import BadSettings, Refused, Unavailable

_SECONDS = 60
_LONGEST_BODY = 64 * 1024 * 1024


class Reply:
    """A reply whose body is still to be read; leaving its ``with`` frees the connection."""

    def __init__(self, response: HTTPResponse, connection: HTTPConnection, where: str) -> None:
        self._response, self._connection, self._where = response, connection, where
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        length = self.headers.get("content-length", "")
        self._left = int(length) if length.isdigit() else None

    def read(self, size: int) -> bytes:
        """Return at most ``size`` bytes of the body; none at its end.

        Raises
        ------
        Unavailable
        """
        try:
            piece = self._response.read(size)
        except (OSError, HTTPException) as error:
            raise _unavailable(self._where, error) from None
        if self._left is not None:
            self._left -= len(piece)
            if not piece and self._left > 0 and size > 0:
                raise Unavailable(f"{self._where} was cut short")
        return piece

    def body(self) -> bytes:
        """Return the whole body of a reply that must be small.

        Raises
        ------
        Unavailable, Refused
        """
        pieces = []
        size = 0
        while piece := self.read(1024 * 1024):
            pieces.append(piece)
            size += len(piece)
            if size > _LONGEST_BODY:
                raise Refused(f"{self._where} was answered with too much")
        return b"".join(pieces)

    def __enter__(self) -> "Reply":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._response.isclosed():
            # What was not read would be taken for the next reply.
            self._connection.close()


class Http:
    """Makes requests; may be used from several threads.

    Parameters
    ----------
    ca_certificate
        Certificates (PEM) that services are verified by, instead of the system's; empty: those.

    Raises
    ------
    BadSettings
    """

    def __init__(self, ca_certificate: str = "") -> None:
        self._threads = threading.local()
        try:
            self._trusted = ssl.create_default_context(cadata=ca_certificate or None)
            is_good = bool(self._trusted.get_ca_certs()) or not ca_certificate
        except (ssl.SSLError, ValueError):
            is_good = False
        if not is_good:
            raise BadSettings("ca_certificate must have the certificate of an authority, as PEM")

    def get(self, url: str, headers: Mapping[str, str], *, where: str) -> Reply:
        """Send a GET.

        Parameters
        ----------
        url
            With its path and query encoded as they go over the wire.
        where
            What errors call the request.

        Raises
        ------
        Unavailable
        """
        return self._asked("GET", url, headers, None, where)

    def post(self, url: str, headers: Mapping[str, str], body: bytes, *, where: str) -> Reply:
        """Send a POST that may be sent twice; see ``get``."""
        return self._asked("POST", url, headers, body, where)

    def _asked(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, where: str
    ) -> Reply:
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection, is_kept = self._connection(parts.scheme, parts.netloc)

        def sent() -> Reply:
            return self._sent(connection, method, target, headers, body, where)

        try:
            return sent()
        except Unavailable:
            # A service closes connections that nobody has used for a while.
            if not is_kept:
                raise
        return sent()

    def _sent(
        self,
        connection: HTTPConnection,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None,
        where: str,
    ) -> Reply:
        try:
            connection.request(method, target, body, dict(headers))
            return Reply(connection.getresponse(), connection, where)
        except (OSError, HTTPException) as error:
            connection.close()
            raise _unavailable(where, error) from None

    def _connection(self, scheme: str, place: str) -> tuple[HTTPConnection, bool]:
        """Return this thread's connection, and whether it was used before."""
        kept = self._threads.__dict__.setdefault("connections", {})
        is_kept = (scheme, place) in kept and kept[scheme, place].sock is not None
        if (scheme, place) not in kept:
            made: HTTPConnection
            if scheme == "https":
                made = HTTPSConnection(place, timeout=_SECONDS, context=self._trusted)
            else:
                made = HTTPConnection(place, timeout=_SECONDS)
            kept[scheme, place] = made
        return kept[scheme, place], is_kept


def checked_url(name: str, url: str) -> str:
    """Return an http or https URL without the slash at its end.

    Raises
    ------
    BadSettings
        The message has no more of it than the name of the setting.
    """
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname)
        is_good = is_good and parts.port != 0 and "@" not in parts.netloc and url.isascii()
    except ValueError:
        is_good = False
    if not is_good or parts.query or parts.fragment:
        raise BadSettings(f"{name} must be a URL http://... or https://... without credentials")
    return url.rstrip("/")


def _unavailable(where: str, error: Exception) -> Unavailable:
    if isinstance(error, ssl.SSLCertVerificationError):
        return Unavailable(f"{where}: the service's certificate is not trusted (ca_certificate)")
    return Unavailable(f"{where} had no reply ({type(error).__name__})")
