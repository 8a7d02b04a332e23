"""The running local clouds that the tests of the API speak to.

They are those of the instance that ``MCOS_INSTANCE`` names, ``test`` if it names none;
``MCOS_ENDPOINTS`` may name another file with the entry points, JSON: ``{"s3": url, ...}``.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config

from mcos_client import Client
from tests.functional.api.wire import CheckedTransport, Wire

ROOT = Path(__file__).parents[3]
INSTANCE = os.environ.get("MCOS_INSTANCE", "test")
CLUSTERS = ("s3", "swift", "ceph")


@dataclass(frozen=True)
class Account:
    """A user, with ways to speak for it at any entry point."""

    user_name: str
    password: str
    token: str
    endpoints: dict[str, str]

    def client(self, cluster: str = "s3") -> Client:
        """A client at a cluster's entry point; its replies are checked."""
        entry_point = self.endpoints[cluster]
        return Client(entry_point, self.token, transport=CheckedTransport(entry_point))

    def wire(self, cluster: str = "s3") -> Wire:
        """The same for requests that a client would not make."""
        return Wire(self.endpoints[cluster], self.token)


AccountFactory = Callable[[], Account]


def _run(*command: str) -> str:
    finished = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    if finished.returncode:
        raise RuntimeError(f"{' '.join(command)}: {finished.stderr}")
    return finished.stdout


def _unique(stem: str) -> str:
    return f"{stem}-{uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def endpoints() -> dict[str, str]:
    """Entry point of every cluster."""
    default = ROOT / ".mcos" / INSTANCE / "endpoints.json"
    path = Path(os.environ.get("MCOS_ENDPOINTS", default))
    if not path.exists():
        pytest.fail(f"{path} is not there: start and deploy the clouds of {INSTANCE!r} first")
    found: dict[str, str] = json.loads(path.read_text("utf-8"))
    return found


@pytest.fixture(scope="session")
def new_account(endpoints: dict[str, str]) -> AccountFactory:
    """Makes a new account with every call."""

    def make() -> Account:
        user_name, password = _unique("user"), "a password, ünïcode"
        _run("tools/account.py", "--instance", INSTANCE, user_name, password)
        with Client(endpoints["s3"], transport=CheckedTransport(endpoints["s3"])) as client:
            token = client.login(user_name, password).token
        return Account(user_name, password, token, endpoints)

    return make


@pytest.fixture(scope="session")
def account(new_account: AccountFactory) -> Account:
    """The account of tests that mind only their own container."""
    return new_account()


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
    return client.create_container(_unique("container")).name


@pytest.fixture(scope="session")
def description() -> dict[str, Any]:
    """What the local clouds say of themselves."""
    described: dict[str, Any] = json.loads(_run("-m", "clouds", "describe", "--instance", INSTANCE))
    return described


@pytest.fixture(scope="session")
def token_key(description: dict[str, Any]) -> str:
    """The key that tokens are signed with: a forger who has it can make any."""
    secrets = boto3.client(
        "secretsmanager",
        endpoint_url=description["aws_endpoint_url"],
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(connect_timeout=5, read_timeout=10),
    )
    key: str = secrets.get_secret_value(SecretId="mcos/token-key")["SecretString"]
    return key
