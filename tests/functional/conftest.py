"""What all functional tests rest on: running local clouds, and accounts on them.

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

import pytest
from botocore.config import Config
from localstack_client.session import Session

from mcos_client import Client
from tests.support.services import StorageService, service_of
from tests.support.wire import CheckedTransport, Wire
from tools import local

ROOT = Path(__file__).parents[2]
INSTANCE = os.environ.get("MCOS_INSTANCE", "test")
PASSWORD = "a password, ünïcode"


@pytest.fixture(scope="session", autouse=True)
def nothing_stands_between() -> None:
    """Once moto is switched on, all of a process's requests pass it, and it eats streams."""
    if "moto" in sys.modules:
        pytest.fail("run tests/functional in a process of its own: make functional")


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


AccountFactory = Callable[..., Account]
"""Makes a new account, of a role if one is named: ``make("admin")``."""


def _run(*command: str, given: str | None = None) -> str:
    finished = subprocess.run(
        [sys.executable, *command],
        input=given,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
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
def first_admin(endpoints: dict[str, str]) -> Iterator[Wire]:
    """The operator who makes the accounts of the tests; the tool makes the operator."""
    user_name = _unique("first-admin")
    command = ("tools/account.py", "--instance", INSTANCE, "--role", "admin", user_name, "-")
    _run(*command, given=PASSWORD)
    wire = _logged_in(user_name, endpoints).wire()
    yield wire
    wire.close()


def _logged_in(user_name: str, endpoints: dict[str, str]) -> Account:
    with Client(endpoints["s3"], transport=CheckedTransport(endpoints["s3"])) as client:
        return Account(user_name, PASSWORD, client.login(user_name, PASSWORD).token, endpoints)


@pytest.fixture(scope="session")
def new_account(first_admin: Wire, endpoints: dict[str, str]) -> AccountFactory:
    """Makes a new account with every call."""

    def make(role: str = "user") -> Account:
        user_name = _unique(role)
        made = first_admin.send_json(
            "PUT", f"/v1/admin/accounts/{user_name}", {"password": PASSWORD, "role": role}
        )
        assert made.status_code == 201, made.text
        return _logged_in(user_name, endpoints)

    return make


@pytest.fixture(scope="session")
def account(new_account: AccountFactory) -> Account:
    """The account of tests that mind only their own container."""
    return new_account()


@pytest.fixture(scope="session")
def admin(new_account: AccountFactory) -> Iterator[Wire]:
    """An operator, at the entry point of ``s3``."""
    wire = new_account("admin").wire()
    yield wire
    wire.close()


@pytest.fixture(scope="session")
def description() -> dict[str, Any]:
    """What the local clouds say of themselves."""
    described: dict[str, Any] = json.loads(_run("-m", "clouds", "describe", "--instance", INSTANCE))
    return described


@pytest.fixture(scope="session")
def services(description: dict[str, Any]) -> Iterator[dict[str, StorageService]]:
    """The storage service of each cluster, by its own client."""
    services = {name: service_of(one) for name, one in description["backends"].items()}
    yield services
    for service in services.values():
        service.close()


@pytest.fixture(scope="session")
def clouds() -> Callable[..., str]:
    """Runs ``python -m clouds COMMAND ...`` on the instance."""

    def run(command: str, *arguments: str) -> str:
        return _run("-m", "clouds", command, "--instance", INSTANCE, *arguments)

    return run


@pytest.fixture(scope="session")
def emulator(description: dict[str, Any]) -> Session:
    """A session of the AWS emulator, as other systems and operators have one."""
    return local.session(description["aws_endpoint_url"])


@pytest.fixture(scope="session")
def invoke(emulator: Session) -> Callable[..., Any]:
    """Invokes a function of a cluster: ``invoke("ceph", "check_health", {})``."""
    client = emulator.client(
        "lambda",
        config=Config(connect_timeout=5, read_timeout=120, retries={"total_max_attempts": 1}),
    )

    def call(cluster: str, function: str, event: Any) -> Any:
        reply = client.invoke(
            FunctionName=f"mcos-{cluster}-{function}:live", Payload=json.dumps(event).encode()
        )
        answer = json.loads(reply["Payload"].read())
        assert "FunctionError" not in reply, answer
        return answer

    return call
