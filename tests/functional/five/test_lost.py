"""A cluster whose backend is gone for ever is declared lost while people work."""

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from localstack_client.session import Session

from mcos_client import Client
from tests.functional.conftest import Account
from tests.functional.five.conftest import FIVE
from tests.functional.five.load import OBJECTS, Load, fill
from tests.support.services import StorageService
from tests.support.waiting import wait_until
from tests.support.wire import Wire

LOST = "s3-2"
OTHERS = [name for name in FIVE if name != LOST]
ROW = f"/v1/admin/clusters/{LOST}"


@pytest.fixture
def ruin(
    admin: Wire, clouds: Callable[..., str], emulator: Session, invoke: Callable[..., Any]
) -> Iterator[Callable[[], str]]:
    """Stops the backend. Afterwards the cluster is there again, for the tests that follow."""
    tables = emulator.client("dynamodb")
    key = {"kind": {"S": "cluster"}, "name": {"S": LOST}}
    item = tables.get_item(TableName="mcos-registry", Key=key)["Item"]
    try:
        yield partial(clouds, "stop", LOST)
    finally:
        clouds("start", LOST)
        word = {"kind": {"S": "operator"}, "name": {"S": LOST}}
        unlinked = partial(tables.get_item, TableName="mcos-registry", Key=word)
        wait_until(lambda: not _is_unlinking(unlinked().get("Item")), f"{LOST} is unlinked")
        tables.put_item(TableName="mcos-registry", Item=item)  # as Terraform writes it
        assert admin.send_json("PATCH", ROW, {"state": None}).is_success
        healthy = partial(_is_healthy, invoke)
        wait_until(healthy, f"{LOST} is healthy again")


def _is_unlinking(word: Mapping[str, Any] | None) -> bool:
    return word is not None and "UNLINKED" in word["document"]["S"]


def _is_healthy(invoke: Callable[..., Any]) -> bool:
    return bool(invoke(LOST, "check_health", {})["healthy"])


@pytest.mark.long  # whatever the deployment has is written anew
def test_what_a_lost_cluster_had_is_whole_on_the_others_and_the_cluster_is_unlinked(
    account: Account,
    clients: dict[str, Client],
    admin: Wire,
    services: dict[str, StorageService],
    ruin: Callable[[], str],
    show: Callable[[str], None],
) -> None:
    container = clients["s3"].create_container(f"lost-{uuid4().hex[:12]}").name
    fill(clients["s3"], container)
    names = [f"object-{number}" for number in range(OBJECTS)]
    had = [name for name in names if LOST in _clusters(clients["s3"], container, name)]
    assert had
    ruin()
    # Its entry point still takes content, of which it can store nothing.
    clients[LOST].create_object(container, "taken", b"taken", prefer="respond-async")
    with Load(account, container, whole=False, prefer="respond-async") as load:
        reply = admin.send_json("POST", f"{ROW}/lose", {"rate": 100})
        assert reply.status_code == 202, reply.text
        job, began = reply.json()["job"], time.monotonic()
        assert admin.send("DELETE", ROW).json()["code"] == "cluster_in_use"

        def done() -> bool:
            return bool(admin.send("GET", f"/v1/admin/jobs/{job}").json()["state"] == "DONE")

        wait_until(done, "what the lost cluster had is written elsewhere", seconds=900)
        took = time.monotonic() - began
    assert not load.failures, load.failures[:5]
    for name in [*names, "taken"]:
        whole = partial(_is_whole, clients["s3"], container, name)
        wait_until(whole, f"{name} has three replicas on the others")
        stat = clients["s3"].stat_object(container, name)
        content = clients["s3"].download_object(container, name).content
        assert content == name.encode()
        for one in stat.replicas:
            key = f"{account.user_name}/{stat.version}"
            assert services[one.cluster].read(key) == content, (name, one.cluster)
    assert admin.send("DELETE", ROW).status_code == 204
    listed = admin.send("GET", "/v1/admin/clusters").json()["clusters"]
    assert sorted(one["name"] for one in listed) == sorted(OTHERS)
    show(
        f"Lost a cluster with replicas of {len(had)} of {OBJECTS} objects: whole on the others "
        f"after {took:.0f} s, beside {load.calls} calls; none failed."
    )


def _clusters(client: Client, container: str, name: str) -> set[str]:
    return {one.cluster for one in client.stat_object(container, name).replicas}


def _is_whole(client: Client, container: str, name: str) -> bool:
    stat = client.stat_object(container, name)
    stored = {one.cluster for one in stat.replicas if one.state == "stored"}
    return stat.state == "CREATED" and len(stored) == 3 and LOST not in stored
