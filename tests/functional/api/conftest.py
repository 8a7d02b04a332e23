"""The running local clouds that the tests of the API speak to."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from botocore.config import Config
from localstack_client.session import Session

from mcos_client import Client
from tests.functional.conftest import Account, AccountFactory
from tests.support.wire import Wire

__all__ = ["CLUSTERS", "Account", "AccountFactory"]

CLUSTERS = ("s3", "swift", "ceph")


@pytest.fixture(params=CLUSTERS)
def cluster(request: pytest.FixtureRequest) -> str:
    """Each cluster in turn."""
    return str(request.param)


@pytest.fixture(scope="session")
def clients(account: Account) -> Iterator[dict[str, Client]]:
    """A client of ``account`` at every entry point."""
    clients = {name: account.client(name) for name in CLUSTERS}
    yield clients
    for client in clients.values():
        client.close()


@pytest.fixture(scope="session")
def client(clients: dict[str, Client]) -> Client:
    """A client of ``account`` for tests that do not care where."""
    return clients["s3"]


@pytest.fixture(scope="session")
def wire(account: Account) -> Iterator[Wire]:
    """The same, byte by byte."""
    wire = account.wire()
    yield wire
    wire.close()


@pytest.fixture
def container(client: Client) -> str:
    """A new, empty container of ``account``."""
    return client.create_container(f"container-{uuid4().hex[:12]}").name


@pytest.fixture(scope="session")
def token_key(emulator: Session) -> str:
    """The key that tokens are signed with: a forger who has it can make any."""
    secrets = emulator.client(
        "secretsmanager",
        config=Config(connect_timeout=5, read_timeout=10),
    )
    key: str = secrets.get_secret_value(SecretId="mcos/token-key")["SecretString"]
    return key
