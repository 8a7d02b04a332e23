"""A client whose requests go to a recorder instead of the network, in a time of its own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from mcos_client import Client
from tests.unit.client.command_line import Mcos
from tests.unit.client.fake_mcos import FakeMcos
from tests.unit.client.stopped_clock import StoppedClock

ENTRY_POINT = "http://gateway.test/restapis/abc/$default/_user_request_"


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


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
def client(gateway: Gateway, clock: StoppedClock) -> Iterator[Client]:
    transport = httpx.MockTransport(gateway)
    with Client(ENTRY_POINT, "a-token", transport=transport, clock=clock) as client:
        yield client


@pytest.fixture
def fake() -> FakeMcos:
    return FakeMcos()


@pytest.fixture
def user(fake: FakeMcos, clock: StoppedClock) -> Iterator[Client]:
    """A client of a fake MCOS, who has a container ``c``."""
    transport = httpx.MockTransport(fake)
    with Client("http://mcos.test/base", "a-token", transport=transport, clock=clock) as client:
        client.create_container("c")
        yield client
    assert not fake.storage.leaks


@pytest.fixture
def stranger(
    fake: FakeMcos, clock: StoppedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Mcos:
    """The command, by somebody who never logged in."""
    config = tmp_path / "config" / "mcos.json"
    monkeypatch.setenv("MCOS_CONFIG", str(config))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("MCOS_PROFILE", raising=False)
    return Mcos(fake, clock, config)


@pytest.fixture
def mcos(stranger: Mcos) -> Mcos:
    """The command, by somebody who is logged in."""
    stranger.login()
    return stranger
