"""A service of the S3 kind that does not know a question about its settings is not refused."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from mcos.storage import open_backend


class _Refusing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<Error><Code>InvalidArgument</Code><Message>no such query</Message></Error>"
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Refusing) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_what_a_service_does_not_say_prevents_nothing(url: str) -> None:
    keys = {"access_key": "a-key", "secret_key": "a-secret"}
    place = {"endpoint_url": url, "region": "us-east-1", "bucket": "replicas"}
    found = open_backend("s3", {**place, **keys}).examine()
    assert [(one.prevents, "could not be judged" in one.text) for one in found] == [
        (False, True)
    ] * 3
