"""Servers of a few lines, to try a proxy on."""

import socketserver
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from tests.support.faults.proxy.proxies import HOST


class Store(ThreadingHTTPServer):
    """Keeps what is PUT under its path.

    Attributes
    ----------
    kept
        Contents by path.
    asked
        Method and path of each request that was read whole, in order.
    headers
        Those of the last request.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Keeper)
        self.kept: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.headers: list[tuple[str, str]] = []

    @property
    def address(self) -> tuple[str, int]:
        return HOST, self.server_port

    def handle_error(self, request: object, client_address: object) -> None:
        """Connections that break are what the tests are about."""


class _Keeper(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Store

    def do_PUT(self) -> None:
        content = self._body()
        self.server.kept[self.path] = content
        self._answer(201, b"")

    def do_GET(self) -> None:
        self._body()
        content = self.server.kept.get(self.path)
        self._answer(404 if content is None else 200, content or b"")

    def do_DELETE(self) -> None:
        self._body()
        self.server.kept.pop(self.path, None)
        self._answer(204, b"")

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Nobody reads it."""

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding"):
            content = b"".join(iter(self._chunk, b""))
        else:
            content = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.asked.append(f"{self.command} {self.path}")
        self.server.headers = self.headers.items()
        return content

    def _chunk(self) -> bytes:
        length = int(self.rfile.readline(), 16)
        content = self.rfile.read(length)
        self.rfile.readline()
        return content

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        if self.path.startswith("/chunked") and self.command == "GET":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in (content[:3], content[3:]):
                if piece:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
            return
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


class Scripted(socketserver.ThreadingTCPServer):
    """Reads until ``ends`` says that it has a whole request, and answers with the same bytes.

    Attributes
    ----------
    received
        Everything that came, one after the other.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, reply: bytes, ends: Callable[[bytes], bool]) -> None:
        super().__init__((HOST, 0), _Actor)
        self.reply, self.ends = reply, ends
        self.received = b""

    @property
    def address(self) -> tuple[str, int]:
        return HOST, self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """Connections that break are what the tests are about."""


class _Actor(socketserver.BaseRequestHandler):
    server: Scripted

    def handle(self) -> None:
        content = b""
        while received := self.request.recv(65536):
            content += received
            self.server.received += received
            if self.server.ends(content):
                self.request.sendall(self.server.reply)
                content = b""


@contextmanager
def served(server: socketserver.BaseServer) -> Iterator[None]:
    """Let a server serve in a thread."""
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
