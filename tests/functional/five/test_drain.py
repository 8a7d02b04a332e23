"""A cluster is drained while people work."""

import threading
import time
from collections.abc import Callable
from uuid import uuid4

import pytest

from mcos_client import Client, McosError
from tests.functional.conftest import Account
from tests.functional.five.conftest import FIVE
from tests.support.services import StorageService
from tests.support.waiting import wait_until
from tests.support.wire import Wire, container_path

DRAINED = "s3-2"
OBJECTS = 60


class Load:
    """Writers and readers that go on until they are stopped, and what they saw go wrong."""

    def __init__(self, account: Account, container: str) -> None:
        self.account, self.container = account, container
        self.failures: list[str] = []
        self.calls = 0
        self.samples = 0
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(body, FIVE[number % len(FIVE)]))
            for number, body in enumerate((self._write, self._read, self._sample))
        ]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *of_an_error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _work(self, body: Callable[[Client, int], None], cluster: str) -> None:
        number = 0
        with self.account.client(cluster) as client:
            while not self._over.is_set():
                try:
                    body(client, number)
                except (McosError, AssertionError) as error:
                    self.failures.append(f"{body.__name__} {number}: {error!r}")
                self.calls += 1
                number += 1

    def _write(self, client: Client, number: int) -> None:
        name = f"written-{number % 20}"
        if number < 20:
            client.create_object(self.container, name, b"0", prefer="wait=25")
        else:
            client.update_object(self.container, name, b"%d" % number, prefer="wait=25")

    def _read(self, client: Client, number: int) -> None:
        name = f"object-{number % OBJECTS}"
        assert client.download_object(self.container, name).content == name.encode()

    def _sample(self, client: Client, number: int) -> None:
        stat = client.stat_object(self.container, f"object-{number % OBJECTS}")
        stored = sum(one.state in ("stored", "leaving") for one in stat.replicas)
        self.samples += 1
        assert stored >= 3, stat
        assert stat.state == "CREATED", stat


@pytest.mark.long  # calls that do not know of the drain yet hold it up for a minute
def test_a_cluster_is_drained_under_load_and_nobody_notices(
    account: Account,
    clients: dict[str, Client],
    admin: Wire,
    services: dict[str, StorageService],
    show: Callable[[str], None],
) -> None:
    container = clients["s3"].create_container(f"drained-{uuid4().hex[:12]}").name
    for number in range(OBJECTS):
        name = f"object-{number}"
        clients["s3"].create_object(container, name, name.encode(), prefer="wait=25")
    before = len(services[DRAINED].replicas())
    assert before > 0
    with Load(account, container) as load:
        reply = admin.send_json("POST", f"/v1/admin/clusters/{DRAINED}/drain", {"rate": 20})
        assert reply.status_code == 202, reply.text
        job = reply.json()["job"]

        def done() -> bool:
            told = admin.send("GET", f"/v1/admin/jobs/{job}").json()
            return bool(told["state"] == "DONE")

        started = time.monotonic()
        wait_until(done, "the drain is done", seconds=900)
        wait_until(
            lambda: not services[DRAINED].replicas(), "the drained backend is empty", seconds=900
        )
        took = time.monotonic() - started
    assert not load.failures, load.failures[:5]
    assert load.samples > OBJECTS
    show(f"Drained {before} replicas in {took:.0f} s, beside {load.calls} calls; none failed.")
    for number in range(OBJECTS):
        stat = clients["s3"].stat_object(container, f"object-{number}")
        assert DRAINED not in {one.cluster for one in stat.replicas}

    # The word is taken back, and the cluster takes replicas again.
    back = admin.send_json("PATCH", f"/v1/admin/clusters/{DRAINED}", {"state": None})
    assert back.json()["state"] == "ACTIVE"


def test_a_drain_that_would_break_a_policy_is_refused(admin: Wire) -> None:
    """Beyond the default policy, one that needs every fast cluster."""
    name = f"both-fast-{uuid4().hex[:8]}"
    body = {"parts": [{"replicas": 2, "must": {"speed": "fast"}}]}
    assert admin.send_json("PUT", f"/v1/admin/policies/{name}", body).is_success
    try:
        reply = admin.send_json("POST", f"/v1/admin/clusters/{DRAINED}/drain", {})
        assert (reply.status_code, reply.json()["code"]) == (409, "policy_unmet")
        listed = admin.send("GET", "/v1/admin/clusters").json()["clusters"]
        assert {one["state"] for one in listed if one["name"] == DRAINED} == {"ACTIVE"}
    finally:
        assert admin.send("DELETE", f"/v1/admin/policies/{name}").status_code == 204


def test_a_user_who_is_no_operator_can_do_none_of_this(account: Account) -> None:
    wire = account.wire("ceph")
    for method, path in (
        ("GET", "/v1/admin/clusters"),
        ("POST", f"/v1/admin/clusters/{DRAINED}/drain"),
        ("GET", "/v1/admin/accounts"),
        ("GET", "/v1/admin/jobs"),
    ):
        reply = wire.send_json(method, path, {})
        assert (reply.status_code, reply.json()["code"]) == (403, "not_permitted")
    assert wire.send("GET", container_path("x")).status_code == 405
    wire.close()
