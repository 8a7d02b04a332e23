"""The system behind a socket, for commands that are processes of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx

from tests.unit.client.system import System

_FRAMING = {"content-length", "transfer-encoding", "connection"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    system: System

    def _answer(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length", 0)))
        url = f"http://{self.headers['host']}{self.path}"
        request = httpx.Request(self.command, url, headers=dict(self.headers), content=content)
        reply = self.system(request)
        self.send_response(reply.status_code)
        for name, value in reply.headers.items():
            if name not in _FRAMING:
                self.send_header(name, value)
        body = reply.stream if isinstance(reply.stream, httpx.SyncByteStream) else ()
        length = reply.headers.get("content-length", "0")
        self.send_header("content-length", length)
        self.end_headers()
        for piece in body:
            self.wfile.write(piece)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nobody reads it."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64  # many connect at once

    def handle_error(self, request: object, client_address: object) -> None:
        """Commands that are killed leave connections behind; what is wrong, their tests see."""


@contextmanager
def serving(system: System) -> Iterator[str]:
    """The address at which a system and its storage services answer."""
    handler = type("Handler", (_Handler,), {"system": system})
    with _Server(("127.0.0.1", 0), handler) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}"
        system.storage.address = address
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield address
        finally:
            server.shutdown()
