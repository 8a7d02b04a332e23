"""A backend in memory behind the protocols of S3 and of Swift."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, quote_plus, unquote, urlsplit
from xml.sax.saxutils import escape

from mcos_rescue.stores.signature import Credentials, signed_headers
from tests.unit.rescue.memory import Memory

CREDENTIALS = Credentials("AKID", "a secret")
REGION = "eu-central-1"


class Server(ThreadingHTTPServer):
    """Serves a ``Memory``.

    Attributes
    ----------
    asked
        Method and target of each request.
    answers
        Statuses for the next requests, instead of what they ask for.
    ahead
        How much later it is for the server.
    token
        Swift's; an older one is refused.
    cuts
        Number of bytes after which the next bodies are cut.
    catalog
        Keystone's: two regions.
    """

    daemon_threads = True

    def __init__(self, memory: Memory, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.memory = memory
        self.asked: list[str] = []
        self.answers: list[int] = []
        self.cuts: list[int] = []
        self.ahead = timedelta()
        self.token = 1
        self.catalog: list[Any] = [
            {
                "type": "object-store",
                "endpoints": [
                    {"interface": face, "region_id": region, "url": f"{self.url}{path}"}
                    for face, region, path in (
                        ("internal", "one", "/nowhere"),
                        ("public", "one", "/v1/AUTH_user"),
                        ("public", "two", "/nowhere"),
                    )
                ],
            }
        ]

        self.sockets: list[socket.socket] = []

    def get_request(self) -> tuple[socket.socket, Any]:
        found, address = super().get_request()
        self.sockets.append(found)
        return found, address

    def hang_up(self) -> None:
        """End the connections that clients keep."""
        for one in self.sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients may go away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        if self.server.answers:
            return self.answer(self.server.answers.pop(0), b"with a secret in it")
        return self.respond()

    def respond(self) -> None:
        raise NotImplementedError

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.server.cuts and body:
            self.wfile.write(body[: self.server.cuts.pop(0)])
            self.close_connection = True
            return
        self.wfile.write(body)

    def content(self, key: str) -> None:
        kept = self.server.memory.kept.get(key)
        if kept is None:
            self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        begin = int(self.headers.get("range", "bytes=0-")[6:-1])
        size = len(kept.content)
        headers = dict(kept.headers)
        if begin:
            headers["content-range"] = f"bytes {begin}-{size - 1}/{size}"
        self.answer(206 if begin else 200, kept.content[begin:], headers)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return format_datetime(datetime.now(UTC) + self.server.ahead, usegmt=True)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Nobody reads it."""


class S3Handler(_Handler):
    def respond(self) -> None:
        parts = urlsplit(self.path)
        sent = {name.lower(): value for name, value in self.headers.items()}
        moment = datetime.strptime(sent["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        more = {"range": sent["range"]} if "range" in sent else {}
        wanted = signed_headers(
            CREDENTIALS,
            region=REGION,
            host=sent["host"],
            path=parts.path,
            query=parts.query,
            moment=moment,
            headers=more,
        )
        late = abs(datetime.now(UTC) + self.server.ahead - moment) > timedelta(minutes=15)
        if late or sent["authorization"] != wanted["authorization"]:
            self.answer(403, b"<Error><Code>RequestTimeTooSkewed</Code></Error>")
            return
        _, bucket, key = (unquote(parts.path) + "/").split("/", 2)
        if bucket != "replicas":
            self.answer(404, b"<Error><Code>NoSuchBucket</Code></Error>")
        elif key:
            self.content(key.removesuffix("/"))
        else:
            self._list(parse_qs(parts.query))

    def _list(self, query: dict[str, list[str]]) -> None:
        page = self.server.memory.page(
            query["prefix"][0] if "prefix" in query else "", query.get("start-after", [""])[0]
        )
        entries = "".join(
            f"<Contents><Key>{escape(quote_plus(one.key, safe='/'))}</Key>"
            f"<LastModified>{one.modified:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
            f"<Size>{one.size}</Size></Contents>"
            for one in page
        )
        body = (
            '<?xml version="1.0"?><ListBucketResult '
            f'xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{entries}</ListBucketResult>'
        )
        self.answer(200, body.encode())


class SwiftHandler(_Handler):
    """Swift, with both ways to log in."""

    def do_POST(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        sent = self.rfile.read(int(self.headers["content-length"]))
        if self.server.answers:
            return self.answer(self.server.answers.pop(0), b"with a secret in it")
        if self.path != "/identity/v3/auth/tokens":
            return self.answer(404, b"")
        if json.loads(sent)["auth"] not in KEYSTONE_LOGINS.values():
            return self.answer(401, b"")
        headers = {"x-subject-token": f"token{self.server.token}"}
        body = json.dumps({"token": {"catalog": self.server.catalog}}).encode()
        return self.answer(201, body, headers)

    def respond(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/auth/v1.0":
            if (self.headers["x-auth-user"], self.headers["x-auth-key"]) != ("user", "a secret"):
                self.answer(401, b"")
                return
            url = f"{self.server.url}/v1/AUTH_user"
            headers = {"x-auth-token": f"token{self.server.token}", "x-storage-url": url}
            self.answer(200, b"", headers)
            return
        if self.headers["x-auth-token"] != f"token{self.server.token}":
            self.answer(401, b"")
            return
        container, _, key = unquote(parts.path).removeprefix("/v1/AUTH_user/").partition("/")
        if container != "repl icas":
            self.answer(404, b"")
        elif key:
            self.content(key)
        else:
            query = parse_qs(parts.query)
            page = self.server.memory.page(
                query.get("prefix", [""])[0], query.get("marker", [""])[0]
            )
            listed: list[dict[str, Any]] = [
                {
                    "name": one.key,
                    "bytes": one.size,
                    "last_modified": f"{one.modified:%Y-%m-%dT%H:%M:%S.000000}",
                }
                for one in page
            ]
            self.answer(200, json.dumps(listed).encode())


@contextmanager
def serving(memory: Memory, handler: type[_Handler]) -> Iterator[Server]:
    """Serve a backend in a thread."""
    with Server(memory, handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            server.hang_up()
            thread.join()


_SETTINGS_OF_LOGINS = {
    "swift by password": {
        "username": "user",
        "user_domain_name": "Staff",
        "password": CREDENTIALS.secret_key,
        "project_name": "archive",
        "region_name": "one",
    },
    "swift by credential": {
        "application_credential_id": "c1",
        "application_credential_secret": CREDENTIALS.secret_key,
        "region_name": "one",
    },
}
KEYSTONE_LOGINS: dict[str, Any] = {
    "swift by password": {
        "identity": {
            "methods": ["password"],
            "password": {
                "user": {
                    "name": "user",
                    "domain": {"name": "Staff"},
                    "password": CREDENTIALS.secret_key,
                }
            },
        },
        "scope": {"project": {"name": "archive", "domain": {"id": "default"}}},
    },
    "swift by credential": {
        "identity": {
            "methods": ["application_credential"],
            "application_credential": {"id": "c1", "secret": CREDENTIALS.secret_key},
        }
    },
}
"""What Keystone is sent, by the names of ``HANDLERS``."""


def settings_of(server: Server, kind: str) -> dict[str, str]:
    """The settings of a backend that a server serves, by the names of ``HANDLERS``."""
    if kind in _SETTINGS_OF_LOGINS:
        return {
            "kind": "swift",
            "auth_url": f"{server.url}/identity",
            "container": "repl icas",
            **_SETTINGS_OF_LOGINS[kind],
        }
    if kind == "swift":
        return {
            "kind": kind,
            "auth_url": f"{server.url}/auth/v1.0",
            "user": "user",
            "key": CREDENTIALS.secret_key,
            "container": "repl icas",
        }
    return {
        "kind": kind,
        "endpoint_url": server.url,
        "region": REGION,
        "bucket": "replicas",
        "access_key": CREDENTIALS.access_key,
        "secret_key": CREDENTIALS.secret_key,
    }


HANDLERS: dict[str, type[_Handler]] = {
    "s3": S3Handler,
    "ceph": S3Handler,
    "swift": SwiftHandler,
    "swift by password": SwiftHandler,
    "swift by credential": SwiftHandler,
}
__all__ = ["HANDLERS", "S3Handler", "Server", "SwiftHandler", "serving", "settings_of"]
