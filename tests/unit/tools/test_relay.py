"""The relay hands requests over as they are, but for how the emulator spells a stage."""

from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import urlsplit

import pytest

from tools.relay import relay


class _Emulator(BaseHTTPRequestHandler):
    def do_PATCH(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = self.path.encode() + b" " + body
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.mark.parametrize(
    ("asked", "arrives"),
    [
        ("/v2/apis/1/stages/%24default", "/v2/apis/1/stages/$default"),
        ("/v2/apis/1/stages/$default", "/v2/apis/1/stages/$default"),
        ("/a%2Fb?c=%24default", "/a%2Fb?c=%24default"),
    ],
)
def test_a_request_arrives_as_the_emulator_knows_it(asked: str, arrives: str) -> None:
    emulator = HTTPServer(("127.0.0.1", 0), _Emulator)
    serving = Thread(target=emulator.serve_forever)
    serving.start()
    try:
        with relay(f"http://127.0.0.1:{emulator.server_port}") as url:
            connection = HTTPConnection(urlsplit(url).netloc)
            connection.request("PATCH", asked, b"body")
            assert connection.getresponse().read() == f"{arrives} body".encode()
            connection.close()
    finally:
        emulator.shutdown()
        emulator.server_close()
        serving.join()
