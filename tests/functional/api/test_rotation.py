"""The key of tokens is replaced while users call, by the command that operators have.

That the new key signs in time is shown in process, where ten minutes are a step of a clock; here,
that the command reaches the deployed functions, and that each knows the new key before it signs.
"""

import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from localstack_client.session import Session

from mcos_client import Client
from tests.functional.api.conftest import CLUSTERS, Account, signing_keys, verifying_keys
from tests.functional.conftest import INSTANCE, PASSWORD
from tools.local import ROOT

COMMAND = (sys.executable, str(ROOT / "tools" / "token_keys.py"), "--instance", INSTANCE)


def rotate() -> str:
    return subprocess.run([*COMMAND, "--rotate"], check=True, capture_output=True, text=True).stdout


def call_until(done: Event, account: Account, cluster: str) -> int:
    """Log in and list, again and again; any failure is raised."""
    calls = 0
    with Client(account.endpoints[cluster]) as client:
        while not done.is_set():
            client.login(account.user_name, PASSWORD)
            list(client.all_containers())
            calls += 1
    return calls


def test_a_rotation_fails_no_call(account: Account, emulator: Session) -> None:
    done = Event()
    with ThreadPoolExecutor() as pool:
        running: list[Future[int]] = [
            pool.submit(call_until, done, account, cluster) for cluster in CLUSTERS
        ]
        try:
            said, again = rotate(), rotate()
        finally:
            done.set()
    assert all(one.result() > 0 for one in running)
    newest = signing_keys(emulator)[-1]
    assert newest.id in said
    assert newest.id in again
    assert datetime.fromisoformat(newest.signs_from) > datetime.now(UTC)
    # Every entry point takes its tokens before anybody is given one.
    claims: dict[str, Any] = jwt.decode(account.token, options={"verify_signature": False})
    private = Ed25519PrivateKey.from_private_bytes(newest.private)
    token = jwt.encode(claims, private, "EdDSA", headers={"kid": newest.id})
    for cluster in CLUSTERS:
        with Client(account.endpoints[cluster], token=token) as client:
            list(client.all_containers())


def test_the_secret_of_who_verifies_has_nothing_that_signs(emulator: Session) -> None:
    keys = list(verifying_keys(emulator))
    assert keys
    for key in keys:
        assert not key.private
        assert not key.shared


def test_the_command_makes_no_second_key_on_its_own(emulator: Session) -> None:
    before = [key.id for key in signing_keys(emulator)]
    said = subprocess.run(COMMAND, check=True, capture_output=True, text=True).stdout
    assert "nothing was changed" in said
    assert [key.id for key in signing_keys(emulator)] == before
