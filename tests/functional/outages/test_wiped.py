"""Two of three storage services lose everything they have while people work."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from uuid import uuid4

import pytest

from mcos_client import Client
from tests.functional.conftest import Account
from tests.functional.five.load import OBJECTS, Load, fill
from tests.support.services import StorageService
from tests.support.waiting import wait_until
from tests.support.wire import Wire

THREE = ("s3", "swift", "ceph")
WIPED = ("s3", "ceph")
LARGE = bytes(range(256)) * 4096 * 9  # more than a call carries


@pytest.fixture
def clients(account: Account) -> Iterator[dict[str, Client]]:
    clients = {name: account.client(name) for name in THREE}
    yield clients
    for client in clients.values():
        client.close()


@pytest.mark.long  # whatever the deployment has is written anew
def test_everything_is_read_throughout_and_whole_again_after_the_scrub(
    account: Account,
    clients: dict[str, Client],
    admin: Wire,
    services: dict[str, StorageService],
    show: Callable[[str], None],
) -> None:
    client = clients["swift"]
    container = client.create_container(f"wiped-{uuid4().hex[:12]}").name
    fill(client, container)
    with plain(account, "swift") as sender:
        sender.put_object(container, "large", LARGE)
    assert client.wait_until_settled(container, "large")

    with Load(account, container, whole=False, prefer="respond-async", at=THREE) as load:
        began = time.monotonic()
        lost = [services[name].empty() for name in WIPED]
        # By itself the scrub writes nothing anew: what is empty may be another bucket.
        for name in WIPED:
            start(admin, name)
            wait_until(partial(is_stopped, admin, name), f"{name} waits for a word", seconds=300)
        for name in WIPED:
            start(admin, name, mass_repair=True)
        wait_until(lambda: is_whole(admin), "all of it is whole", seconds=1800)
        seconds = time.monotonic() - began
    assert load.failures == []
    for name, client in clients.items():
        with plain(account, name) as reader:
            assert reader.download_object(container, "large").content == LARGE, name
        for number in range(OBJECTS):
            assert client.download_object(container, f"object-{number}").content
    for name in (f"object-{number}" for number in range(OBJECTS)):
        key = f"{account.user_name}/{clients['s3'].stat_object(container, name).version}"
        assert [services[one].read(key) for one in THREE] == [name.encode()] * 3
    copies, size = (sum(of) for of in zip(*lost, strict=True))
    show(
        f"two of three storage services wiped, {copies} copies, {size} bytes: "
        f"whole after {seconds:.0f} s, {load.calls} calls of users meanwhile, none failed"
    )


def plain(account: Account, cluster: str) -> Client:
    """A client of what goes to a storage service, too, of which the contract says nothing."""
    return Client(account.endpoints[cluster], account.token)


def path(cluster: str) -> str:
    return f"/v1/admin/clusters/{cluster}/scrub"


def start(admin: Wire, cluster: str, **how: bool) -> None:
    reply = admin.send_json("POST", path(cluster), how)
    assert reply.status_code == 202, reply.text


def run(admin: Wire, cluster: str) -> dict[str, object]:
    told: dict[str, object] = admin.send("GET", path(cluster)).json()
    return told


def is_stopped(admin: Wire, cluster: str) -> bool:
    return run(admin, cluster)["state"] == "STOPPED"


def is_whole(admin: Wire) -> bool:
    """Whether the last run of each has found everything as it must be; if not, begin another."""
    whole = True
    for name in WIPED:
        told = run(admin, name)
        done = told["state"] == "DONE"
        has_repaired = told["repaired"] or told["handed"]
        if done and has_repaired:
            start(admin, name)
        whole = whole and done and not has_repaired
    return whole
