"""The running local clouds that the tests of the API speak to."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import jwt
import pytest
from botocore.config import Config
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from localstack_client.session import Session

from mcos.admin.token_keys import KeySecrets
from mcos.model.token_keys import TokenKey, keys_in, signer
from mcos_client import Client
from tests.functional.conftest import Account, AccountFactory
from tests.support.wire import Wire

__all__ = ["CLUSTERS", "Account", "AccountFactory", "Sign"]

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
def token_keys(emulator: Session) -> tuple[TokenKey, ...]:
    """The keys that sign tokens, the newest last: a forger who has one can make any."""
    return tuple(signing_keys(emulator))


_WAITS = Config(connect_timeout=5, read_timeout=10)


def _token_key_secret(emulator: Session) -> str:
    secrets = emulator.client("secretsmanager", config=_WAITS)
    (found,) = secrets.list_secrets(Filters=[{"Key": "name", "Values": ["mcos/token-key"]}])[
        "SecretList"
    ]
    return str(found["Name"])


def signing_keys(emulator: Session) -> list[TokenKey]:
    """What signs, the newest last."""
    name = KeySecrets(_token_key_secret(emulator)).signing
    systems = emulator.client("ssm", config=_WAITS)
    return keys_in(systems.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])


def verifying_keys(emulator: Session) -> list[TokenKey]:
    """What all entry points verify by."""
    secrets = emulator.client("secretsmanager", config=_WAITS)
    name = _token_key_secret(emulator)
    return keys_in(secrets.get_secret_value(SecretId=name)["SecretString"])


Sign = Callable[[dict[str, Any]], str]


@pytest.fixture(scope="session")
def sign(token_keys: tuple[TokenKey, ...]) -> Sign:
    """Makes a token of claims, with the right key."""
    key = signer(token_keys, datetime.now(UTC))
    assert key is not None
    private = Ed25519PrivateKey.from_private_bytes(key.private)
    return lambda claims: jwt.encode(claims, private, "EdDSA", headers={"kid": key.id})
