"""A service whose certificate is signed by an authority of its own, over TLS."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from mcos.storage import (
    BackendMisconfigured,
    BackendUnavailable,
    ReplicaNotFound,
    Timeouts,
    open_backend,
)
from mcos_rescue import fetch
from mcos_rescue.errors import BadSettings, NotThere, Unavailable
from mcos_rescue.stores.settings import open_store
from tests.support.tls import Authority, speaking_tls

TIMEOUTS = Timeouts(connect_seconds=30, read_seconds=30)
S3 = {"region": "us-east-1", "bucket": "replicas", "access_key": "AK", "secret_key": "SK"}
PLACE = {"container": "replicas"}
PASSWORD = {"username": "ada", "password": "a-secret", "project_name": "archive"}
SERVICES = {
    "s3": ("s3", "endpoint_url", S3),
    "ceph": ("ceph", "endpoint_url", S3),
    "swift": ("swift", "auth_url", {**PLACE, "user": "account:ada", "key": "a-secret"}),
    "swift by keystone": ("swift", "auth_url", {**PLACE, **PASSWORD}),
}


class _Empty(BaseHTTPRequestHandler):
    """A service that gives tokens and holds nothing."""

    def do_GET(self) -> None:
        account = f"https://{self.headers['Host']}/v1/AUTH_p"
        if "X-Auth-Key" in self.headers:
            self._answer(200, {"X-Storage-Url": account, "X-Auth-Token": "AUTH_tk"})
        else:
            self._answer(404, {}, b"<Error><Code>NoSuchKey</Code></Error>")

    def do_HEAD(self) -> None:
        self._answer(404, {})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        account = f"https://{self.headers['Host']}/v1/AUTH_p"
        endpoint = {"interface": "public", "region_id": "one", "url": account}
        token = {
            "issued_at": "2026-01-01T00:00:00Z",
            "expires_at": "2026-01-01T01:00:00Z",
            "catalog": [{"type": "object-store", "endpoints": [endpoint]}],
        }
        self._answer(201, {"X-Subject-Token": "gAAA"}, json.dumps({"token": token}).encode())

    def _answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rescue waits between its tries."""
    monkeypatch.setattr(fetch.clock, "sleep", lambda seconds: None)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def url(authority: Authority, tmp_path: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Empty) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        with speaking_tls(authority.context(tmp_path), server.server_port) as url:
            yield url
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_trusted_whose_authority_is_in_the_settings(
    name: str, url: str, authority: Authority
) -> None:
    kind, where, settings = SERVICES[name]
    settings = {**settings, where: url, "ca_certificate": authority.pem}
    with pytest.raises(ReplicaNotFound):
        open_backend(kind, settings, TIMEOUTS).stat("a/key")
    with pytest.raises(NotThere):
        fetch.content(open_store({"kind": kind, **settings}, {}), "a/key")


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("told", ["nothing", "another authority"])
@pytest.mark.usefixtures("hasty")
def test_a_service_is_not_trusted_otherwise_and_the_message_says_why(
    name: str, told: str, url: str
) -> None:
    kind, where, settings = SERVICES[name]
    settings = {**settings, where: url}
    if told != "nothing":
        settings["ca_certificate"] = Authority("Another").pem
    with pytest.raises(BackendUnavailable, match="certificate is not trusted"):
        open_backend(kind, settings, TIMEOUTS).stat("a/key")
    with pytest.raises(Unavailable, match="certificate is not trusted"):
        fetch.content(open_store({"kind": kind, **settings}, {}), "a/key")


@pytest.mark.parametrize("pem", ["a-secret", "-----BEGIN CERTIFICATE-----\na-secret\n"])
@pytest.mark.parametrize("name", SERVICES)
def test_what_is_no_certificate_is_refused_and_not_told(name: str, pem: str) -> None:
    kind, where, settings = SERVICES[name]
    settings = {**settings, where: "https://127.0.0.1:1", "ca_certificate": pem}
    with pytest.raises(BackendMisconfigured, match="ca_certificate") as refused:
        open_backend(kind, settings)
    assert "a-secret" not in str(refused.value)
    with pytest.raises(BadSettings, match="ca_certificate") as bad:
        open_store({"kind": kind, **settings}, {})
    assert "a-secret" not in str(bad.value)


def test_a_certificate_that_signs_nothing_is_refused(authority: Authority, tmp_path: Path) -> None:
    authority.context(tmp_path)
    leaf = (tmp_path / "service.pem").read_text().partition("-----BEGIN CERTIFICATE-----")
    settings = {**S3, "endpoint_url": "https://127.0.0.1:1", "ca_certificate": leaf[1] + leaf[2]}
    with pytest.raises(BackendMisconfigured, match="CA:TRUE"):
        open_backend("ceph", settings)
