"""A client whose requests go to a recorder, or to the system in this process; time is handed in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
import pytest

from mcos.clock import replaced_by
from mcos_client import Client
from mcos_client.config import Profile, write_profile
from tests.support import cloud as support
from tests.support.cloud import Cloud, in_charge
from tests.support.environment import cluster_environment
from tests.unit.client.client_clock import ClientClock
from tests.unit.client.command_line import Mcos
from tests.unit.client.system import ENTRY_POINT, ServerClock, System, limit_calls

RECORDER = "http://gateway.test/restapis/abc/$default/_user_request_"

SMALL = 20_000
"""Bytes that a call carries in most tests: more is large."""


@dataclass
class Gateway:
    """Answers every request with ``reply`` and keeps what came."""

    reply: Callable[[httpx.Request], httpx.Response] = lambda request: httpx.Response(204)
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.reply(request)

    @property
    def target(self) -> str:
        """What the last request asked for, under the entry point, as it goes over the wire."""
        raw = self.requests[-1].url.raw_path.decode("ascii")
        _, _, target = raw.partition("/_user_request_")
        return target


@pytest.fixture(autouse=True)
def function_environment() -> None:
    """In place of that of ``tests/unit``: what functions run here run in ``system``."""


@pytest.fixture
def clock() -> ClientClock:
    return ClientClock()


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
def client(gateway: Gateway, clock: ClientClock) -> Iterator[Client]:
    transport = httpx.MockTransport(gateway)
    with Client(RECORDER, "a-token", transport=transport, clock=clock) as client:
        yield client


@pytest.fixture
def system(
    clusters: Cloud, clock: ClientClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[System]:
    """MCOS, with an account; a call carries little."""
    server_clock = ServerClock()
    waiting = partial(cluster_environment, prefer="wait")
    monkeypatch.setattr(support, "cluster_environment", waiting)
    limit_calls(monkeypatch, SMALL)
    with in_charge(clusters), replaced_by(server_clock):
        clusters.deploy()
        made = System(clusters, clock, server_clock)
        yield made
    assert not made.storage.leaks


@pytest.fixture
def user(system: System, clock: ClientClock) -> Iterator[Client]:
    """A client of the system, who has a container ``c``."""
    transport = httpx.MockTransport(system)
    with Client(ENTRY_POINT, system.token, transport=transport, clock=clock) as client:
        client.create_container("c")
        yield client


@pytest.fixture
def stranger(system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mcos:
    """The command, by somebody who never logged in."""
    config = tmp_path / "config" / "mcos.json"
    monkeypatch.setenv("MCOS_CONFIG", str(config))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("MCOS_PROFILE", raising=False)
    return Mcos(system, config)


@pytest.fixture
def mcos(stranger: Mcos) -> Mcos:
    """The command, by somebody who is logged in."""
    system = stranger.system
    profile = Profile((ENTRY_POINT,), system.account, system.token, "2030-01-01T00:00:00Z")
    write_profile(stranger.config, "default", profile)
    return stranger
