"""A client whose requests go to a recorder instead of the network."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from mcos_client import Client

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
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
def client(gateway: Gateway) -> Iterator[Client]:
    with Client(ENTRY_POINT, "a-token", transport=httpx.MockTransport(gateway)) as client:
        yield client
