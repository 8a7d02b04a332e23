"""A relay between Terraform and the emulator that hands each reply over whole.

The emulator sends the head and the body of a reply one after the other. Terraform's AWS provider
now and then drops the connection between the two ("use of closed network connection", seen about
once in 300 requests on a busy machine), and asks again for what is already done: creating a log
group or a role then fails because it exists. Replies that arrive in one piece are not dropped.

It also spells the stage ``$default`` as the emulator does, which else finds none to update.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

_REPLY_SECONDS = 300
_OF_ONE_CONNECTION = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}


def _decoded(path: str) -> str:
    """Return a path as the emulator knows it: it takes an escape in a stage's name as it is."""
    return path.replace("/stages/%24default", "/stages/$default")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream = ("", 0)

    def relay(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        connection = HTTPConnection(*self.upstream, timeout=_REPLY_SECONDS)
        try:
            connection.putrequest(self.command, _decoded(self.path), skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _OF_ONE_CONNECTION:
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            reply = connection.getresponse()
            content = reply.read()
        except (OSError, HTTPException) as error:
            self.send_error(502, f"the emulator did not answer: {type(error).__name__}")
            return
        finally:
            connection.close()
        lines = [f"HTTP/1.1 {reply.status} {reply.reason}"]
        lines += [
            f"{name}: {value}"
            for name, value in reply.getheaders()
            if name.lower() not in _OF_ONE_CONNECTION
        ]
        length = (
            reply.headers.get("content-length", "0") if self.command == "HEAD" else len(content)
        )
        lines += [f"Content-Length: {length}", "", ""]
        self.request.sendall("\r\n".join(lines).encode("latin-1") + content)

    do_DELETE = do_GET = do_HEAD = do_PATCH = do_POST = do_PUT = relay  # noqa: N815

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        """Say nothing: Terraform has its own log."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


@contextmanager
def relay(endpoint_url: str) -> Iterator[str]:
    """Relay to an emulator while the context lasts; yields the URL to use in place of its own.

    What is reached by TLS is not relayed.
    """
    upstream = urlsplit(endpoint_url)
    if upstream.scheme != "http":
        yield endpoint_url
        return
    handler = type("Handler", (_Handler,), {"upstream": (upstream.hostname, upstream.port)})
    with _Server(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
