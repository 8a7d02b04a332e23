"""Real storage services for the conformance suite, and a fake one for what real ones rarely do."""

import hashlib
import json
import os
import socket
import struct
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from mcos.storage import BACKEND_KINDS, StorageBackend, Timeouts, open_backend

REPOSITORY = Path(__file__).resolve().parents[3]

Settings = Mapping[str, str]

KEYSTONE = "swift-keystone"
SERVICES = (*BACKEND_KINDS, KEYSTONE)
"""A service of every kind, and a Swift whose users log in at Keystone."""

SWIFTS = ("swift", KEYSTONE)

# What a backend does is tested here, on a machine that may be busy; test_failures has the times.
PATIENT = Timeouts(connect_seconds=15, read_seconds=30)


@pytest.fixture(scope="session", autouse=True)
def one_session_of_the_sdk() -> Iterator[None]:
    """What boto3 reads from disk for a client, it reads once, and not for each of a thousand."""
    session = boto3.session.Session()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boto3.session, "Session", lambda: session)
        yield


@pytest.fixture(scope="session")
def services() -> dict[str, Settings]:
    """Settings of a backend of each of ``SERVICES``, the first where there are two.

    From the JSON file that ``MCOS_TEST_CLOUDS`` names, else from the running test clouds:
    ``{"backends": {NAME: {"kind": KIND, SETTING: VALUE}}}``.
    """
    named = os.environ.get("MCOS_TEST_CLOUDS")
    if named:
        described = Path(named).read_text()
    else:
        command = [sys.executable, "-m", "clouds", "describe", "--instance", "test"]
        described = subprocess.run(
            command, cwd=REPOSITORY, check=True, capture_output=True, text=True, timeout=60
        ).stdout
    found: dict[str, Settings] = {}
    for backend in json.loads(described)["backends"].values():
        kind = backend.pop("kind")
        found.setdefault(KEYSTONE if "project_name" in backend else kind, backend)
    return found


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    """Each of ``SERVICES`` in turn."""
    return str(request.param)


@pytest.fixture
def kind(service: str) -> str:
    """The kind of the service."""
    return kind_of(service)


def kind_of(service: str) -> str:
    """The kind of backend for one of ``SERVICES``."""
    return "swift" if service in SWIFTS else service


@pytest.fixture
def settings(services: dict[str, Settings], service: str) -> Settings:
    """How to reach the real service."""
    if service not in services:
        pytest.skip(f"no {service} runs: `python -m clouds start --clusters 5` starts all")
    return services[service]


@pytest.fixture(scope="session")
def opened() -> dict[str, StorageBackend]:
    """Backends that are open already: making a client of an SDK takes long."""
    return {}


@pytest.fixture
def backend(
    service: str, kind: str, settings: Settings, opened: dict[str, StorageBackend]
) -> StorageBackend:
    """A backend on its real service."""
    if service not in opened:
        opened[service] = open_backend(kind, settings, PATIENT)
    return opened[service]


@pytest.fixture
def prefix(backend: StorageBackend) -> Iterator[str]:
    """A part of the container for one test alone, emptied afterwards."""
    own = f"conformance-{uuid4().hex}/"
    yield own
    marker: str | None = ""
    while marker is not None:
        page = backend.list(own, marker)
        for replica in page.replicas:
            backend.delete(replica.key)
        assert page.next_marker is None or page.next_marker > marker
        marker = page.next_marker


@pytest.fixture
def key(prefix: str) -> str:
    """A key that nothing is kept under."""
    return f"{prefix}01JD7Q8Y3V0000000000000000"


@dataclass(frozen=True)
class Expected:
    """What a put is told about its content."""

    size: int
    md5: str
    sha256: str
    content_type: str = "application/octet-stream"

    def as_arguments(self, **changed: Any) -> dict[str, Any]:
        """The keyword arguments of ``put``."""
        return {**vars(self), **changed}


@pytest.fixture(scope="session")
def expected() -> Callable[..., dict[str, Any]]:
    """The true keyword arguments of ``put`` for content, some of them changed."""

    def arguments(content: bytes, **changed: Any) -> dict[str, Any]:
        return Expected(
            len(content),
            hashlib.md5(content, usedforsecurity=False).hexdigest(),
            b64encode(hashlib.sha256(content).digest()).decode(),
        ).as_arguments(**changed)

    return arguments


class FakeService:
    """An HTTP server that does to every request what a test says, but gives tokens to Swift.

    Attributes
    ----------
    behaviour
        Called with the handler of each request but those for tokens.
    gives_tokens
        False: requests for tokens go to ``behaviour`` too.
    requests
        Method and path of each request that went to ``behaviour``.
    released
        Set when the test is over: whoever hangs waits for it.
    """

    token = "AUTH_tk" + "5ec2e7" * 5

    def __init__(self) -> None:
        self.behaviour: Callable[[Handler], None] = Handler.hang
        self.gives_tokens = True
        self.requests: list[tuple[str, str]] = []
        self.released = threading.Event()
        service = self

        class Bound(Handler):
            fake = service

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        """Let go whoever hangs, and stop."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


class Handler(BaseHTTPRequestHandler):
    """One connection to a ``FakeService``, with the things it can do to a request."""

    protocol_version = "HTTP/1.1"
    fake: FakeService

    def _handle(self) -> None:
        if self.fake.gives_tokens and self.give_token():
            return
        self.fake.requests.append((self.command, self.path))
        self.fake.behaviour(self)

    def give_token(self) -> bool:
        """Answer a login, as version 1 or as Keystone does; False: it is none."""
        store = f"{self.fake.url}/v1/AUTH_test"
        if self.path.startswith("/auth/"):
            self.answer(200, {"X-Storage-Url": store, "X-Auth-Token": self.fake.token})
        elif self.path == "/identity/v3/auth/tokens":
            endpoint = {"interface": "public", "region_id": "one", "url": store}
            token = {
                "issued_at": "2026-11-22T22:00:00.000000Z",
                "expires_at": "2026-11-22T23:00:00.000000Z",
                "catalog": [{"type": "object-store", "endpoints": [endpoint]}],
            }
            body = json.dumps({"token": token}).encode()
            self.answer(201, {"X-Subject-Token": self.fake.token}, body)
        else:
            return False
        return True

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _handle  # noqa: N815

    def log_message(self, *arguments: object) -> None:
        """Stay silent."""

    def answer(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        """Take the request's body and answer."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def hang(self) -> None:
        """Say nothing more."""
        self.wfile.flush()
        self.fake.released.wait()
        self.close_connection = True

    def reset(self) -> None:
        """Break the connection."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True


@pytest.fixture
def fake() -> Iterator[FakeService]:
    """A fake service, which hangs until it is told something else."""
    service = FakeService()
    yield service
    service.close()


@pytest.fixture
def settings_of(request: pytest.FixtureRequest) -> Callable[[str, str], Settings]:
    """Settings for a backend of a kind at a URL that is not its real service's.

    A Swift's users log in at Keystone if that is the ``service`` in turn.
    """
    by_keystone = (
        "service" in request.fixturenames and request.getfixturevalue("service") == KEYSTONE
    )

    def made(kind: str, url: str) -> Settings:
        if kind == "swift" and by_keystone:
            return {
                "auth_url": f"{url}/identity",
                "username": "tester",
                "password": "a-password-that-nobody-may-read",
                "project_name": "test",
                "container": "replicas",
            }
        if kind == "swift":
            return {
                "auth_url": f"{url}/auth/v1.0",
                "user": "test:tester",
                "key": "a-key-that-nobody-may-read",
                "container": "replicas",
            }
        return {
            "endpoint_url": url,
            "region": "us-east-1",
            "bucket": "replicas",
            "access_key": "AKIAIOSFODNN7EXAMPLE",
            "secret_key": "a-secret-that-nobody-may-read",
        }

    return made


@dataclass(frozen=True)
class DeadService:
    """A service that answers nothing, how often a call may ask it, and what it was asked."""

    url: str
    most_requests: int = 0
    requests: Sequence[object] = ()


@contextmanager
def _refusing() -> Iterator[DeadService]:
    with closing(socket.socket()) as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        yield DeadService(f"http://127.0.0.1:{taken.getsockname()[1]}")


@contextmanager
def _unreachable() -> Iterator[DeadService]:
    """A port whose backlog is full: packets that would open a connection are dropped."""
    with closing(socket.socket()) as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        waiting = []
        try:
            for _ in range(4):
                client = socket.socket()
                client.setblocking(False)
                client.connect_ex(server.getsockname())
                waiting.append(client)
            yield DeadService(f"http://127.0.0.1:{server.getsockname()[1]}")
        finally:
            for client in waiting:
                client.close()


@contextmanager
def _answering_nothing(
    behaviour: Callable[[Handler], None], most_requests: int, *, gives_tokens: bool = False
) -> Iterator[DeadService]:
    service = FakeService()
    service.gives_tokens = gives_tokens
    service.behaviour = behaviour
    try:
        yield DeadService(service.url, most_requests, service.requests)
    finally:
        service.close()


_DEAD = {
    "refuses": _refusing,
    "unreachable": _unreachable,
    "hangs": lambda: _answering_nothing(Handler.hang, 1),
    "hangs after the token": lambda: _answering_nothing(Handler.hang, 1, gives_tokens=True),
    "resets": lambda: _answering_nothing(Handler.reset, 2),
}


@pytest.fixture(params=_DEAD)
def dead_service(request: pytest.FixtureRequest) -> Iterator[DeadService]:
    """A service that is dead, in each way in turn."""
    with _DEAD[request.param]() as service:
        yield service
