"""A cluster is drained while people work."""

import time
from collections.abc import Callable
from uuid import uuid4

import pytest

from mcos_client import Client
from tests.functional.conftest import Account
from tests.functional.five.load import OBJECTS, Load, fill
from tests.support.paths import container_path
from tests.support.services import StorageService
from tests.support.waiting import wait_until
from tests.support.wire import Wire

DRAINED = "s3-2"


@pytest.mark.long  # calls that do not know of the drain yet hold it up for a minute
def test_a_cluster_is_drained_under_load_and_nobody_notices(
    account: Account,
    clients: dict[str, Client],
    admin: Wire,
    services: dict[str, StorageService],
    show: Callable[[str], None],
) -> None:
    container = clients["s3"].create_container(f"drained-{uuid4().hex[:12]}").name
    fill(clients["s3"], container)
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
