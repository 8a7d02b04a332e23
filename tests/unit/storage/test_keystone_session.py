"""Tokens of Keystone are fetched when they are needed, and renewed before they end."""

import json
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from mcos import clock
from mcos.storage import BackendRefused, BackendUnavailable, CredentialsRefused, Timeouts
from mcos.storage.keystone_session import KeystoneSession
from tests.support.stopped_clock import StoppedClock

ISSUED = clock.moment() + timedelta(days=1000)  # whatever the time is here
TIMEOUTS = Timeouts(connect_seconds=30, read_seconds=30)


class Keystone(ThreadingHTTPServer):
    """Gives tokens that live for ``seconds``, or answers ``status``."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[dict[str, Any]] = []
        self.seconds = 3600.0
        self.status = 201
        self.headers: dict[str, str] = {}
        self.body: bytes | None = None
        self.catalog: list[Any] = [
            {
                "type": "object-store",
                "endpoints": [
                    {"interface": "public", "region_id": "one", "url": "http://swift/v1/AUTH_p"}
                ],
            }
        ]

    @property
    def settings(self) -> dict[str, str]:
        return {
            "auth_url": f"http://127.0.0.1:{self.server_port}/identity",
            "container": "replicas",
            "username": "ada",
            "password": "a-secret",
            "project_name": "archive",
        }


class _Handler(BaseHTTPRequestHandler):
    server: Keystone

    def do_POST(self) -> None:
        assert self.path == "/identity/v3/auth/tokens"
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(json.loads(content))
        ends = ISSUED + timedelta(seconds=self.server.seconds)
        token = {
            "issued_at": clock.text(ISSUED),
            "expires_at": clock.text(ends),
            "catalog": self.server.catalog,
        }
        body = self.server.body or json.dumps({"token": token}).encode()
        self.send_response(self.server.status)
        self.send_header("X-Subject-Token", f"gAAA{len(self.server.asked)}")
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def server() -> Iterator[Keystone]:
    with Keystone() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def stopped() -> Iterator[StoppedClock]:
    stopped = StoppedClock()
    with clock.replaced_by(stopped):
        yield stopped


def session_of(server: Keystone, **settings: str) -> KeystoneSession:
    return KeystoneSession(
        {**server.settings, **settings}, timeouts=TIMEOUTS, verify=True, name="swift replicas"
    )


def test_a_token_is_fetched_once_and_kept(server: Keystone) -> None:
    session = session_of(server)
    assert session.kept_token() is None
    assert session.get_endpoint(service_type="object-store") == "http://swift/v1/AUTH_p"
    assert [session.get_token(), session.get_token(), session.kept_token()] == ["gAAA1"] * 3
    assert len(server.asked) == 1


@pytest.mark.parametrize(("seconds", "used_for"), [(3600, 3540), (240, 180), (8, 6)])
def test_a_token_is_renewed_before_it_ends(
    server: Keystone, stopped: StoppedClock, seconds: float, used_for: float
) -> None:
    server.seconds = seconds
    session = session_of(server)
    session.get_token()
    stopped.advance(used_for - 1)
    assert session.kept_token() == session.get_token() == "gAAA1"
    stopped.advance(1)
    assert session.kept_token() is None
    assert session.get_token() == "gAAA2"


def test_a_refused_token_is_forgotten(server: Keystone) -> None:
    session = session_of(server)
    session.get_token()
    assert session.invalidate()
    assert session.kept_token() is None
    assert session.get_token() == "gAAA2"


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (500, BackendUnavailable),
        (503, BackendUnavailable),
        (429, BackendUnavailable),
        (401, CredentialsRefused),
        (403, CredentialsRefused),
        (404, CredentialsRefused),
        (200, BackendRefused),
    ],
)
def test_a_login_that_fails_says_its_status_and_no_secret(
    server: Keystone, status: int, failure: type[Exception]
) -> None:
    server.status = status
    server.body = b'{"error": "you sent a-secret"}'
    with pytest.raises(failure, match=f"the login was answered {status}") as caught:
        session_of(server).get_token()
    assert "a-secret" not in str(caught.value)
    assert len(server.asked) == 1  # Keystone locks users who fail too often


def test_a_login_follows_no_redirect(server: Keystone) -> None:
    server.status = 307
    server.headers = {"Location": f"http://127.0.0.1:{server.server_port}/identity/v3/auth/tokens"}
    with pytest.raises(BackendRefused, match="307"):
        session_of(server).get_token()
    assert len(server.asked) == 1


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"token": {"issued_at": 1}}'])
def test_a_page_of_something_else_is_no_token(server: Keystone, body: bytes) -> None:
    server.body = body
    with pytest.raises(BackendRefused, match="malformed"):
        session_of(server).get_token()


@pytest.mark.parametrize("catalog", [[{}], "none", [{"type": "object-store"}], [None]])
def test_a_malformed_catalog_is_refused(server: Keystone, catalog: Any) -> None:
    server.catalog = catalog
    with pytest.raises(BackendRefused):
        session_of(server).get_endpoint()


def test_a_region_without_an_object_store_is_said(server: Keystone) -> None:
    with pytest.raises(BackendRefused, match=r"swift replicas: region_name.*regions one"):
        session_of(server, region_name="two").get_endpoint()


def test_what_is_no_url_in_a_catalog_is_refused(server: Keystone) -> None:
    server.catalog[0]["endpoints"][0]["url"] = "ftp://swift/v1"
    with pytest.raises(BackendRefused, match="URL"):
        session_of(server).get_endpoint()
