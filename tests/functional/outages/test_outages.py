"""Each storage service is stopped in turn, and each pair of the three.

The times are shown at the end, beside the healthy ones; what is asserted is what a user is
promised.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import combinations
from statistics import quantiles
from typing import Any
from uuid import uuid4

import pytest
from rich.table import Table

from mcos import limits
from mcos_client import Client, NotEnoughClusters, ReplicationFailed
from tests.functional.conftest import Account
from tests.support.waiting import wait_until
from tests.support.wire import Wire

THREE = ("s3", "swift", "ceph")
ALWAYS = [("swift",), ("s3", "ceph")]
"""What ``make test`` stops."""
IN_TURN = [*combinations(THREE, 1), *combinations(THREE, 2)]
OUTAGES = [
    *(pytest.param(names, False, id="+".join(names)) for names in ALWAYS),
    *(
        pytest.param(
            names, len(names) == 1, id="+".join([*names, "in turn"]), marks=pytest.mark.long
        )
        for names in IN_TURN
    ),
]
"""What is stopped, and whether it is read from until all functions know of it."""
READS = 30
RETURN_SECONDS = 300

Run = Callable[..., str]
Invoke = Callable[..., Any]


@pytest.fixture(scope="module")
def clients(account: Account) -> Iterator[dict[str, Client]]:
    clients = {name: account.client(name) for name in THREE}
    yield clients
    for client in clients.values():
        client.close()


@pytest.fixture(scope="module")
def filled(clients: dict[str, Client]) -> str:
    """A container with one CREATED object, read often enough to be warm everywhere."""
    container = clients["s3"].create_container(f"outages-{uuid4().hex[:12]}").name
    clients["s3"].create_object(container, "kept", b"the bytes", prefer="wait=25")
    for client in clients.values():
        for _ in range(READS):
            client.download_object(container, "kept")
    return container


@contextmanager
def stopped(run: Run, names: tuple[str, ...]) -> Iterator[None]:
    for name in names:
        run("stop", name)
    try:
        yield
    finally:
        for name in names:
            run("start", name)


def timed(do: Callable[[], object]) -> float:
    started = time.monotonic()
    do()
    return (time.monotonic() - started) * 1000


def reads(clients: dict[str, Client], container: str) -> list[float]:
    """Times of reads at every entry point, all of which must answer with the bytes."""

    def read(client: Client) -> None:
        assert client.download_object(container, "kept").content == b"the bytes"

    return [timed(partial(read, client)) for client in clients.values() for _ in range(READS)]


def p50_p99(times: list[float]) -> tuple[str, str]:
    cuts = quantiles(times, n=100)
    return f"{cuts[49]:.0f}", f"{cuts[98]:.0f}"


@pytest.fixture(scope="module")
def table(show: Callable[[Table], None], clients: dict[str, Client], filled: str) -> Table:
    """The times of all outages, shown at the end; first those of a healthy system."""
    table = Table(
        "stopped",
        "create, async",
        "create, sync",
        "read p50",
        "read p99",
        "read p50, known",
        "read p99, known",
        "CREATED after",
        title="Outages (ms; the last in s)",
    )
    client = clients["s3"]
    taken = timed(lambda: client.create_object(filled, "healthy-a", b"x", prefer="respond-async"))
    done = timed(lambda: client.create_object(filled, "healthy-b", b"x", prefer="wait=25"))
    p50, p99 = p50_p99(reads(clients, filled))
    table.add_row("nothing", f"{taken:.0f}", f"{done:.0f}", p50, p99, "", "", "")
    show(table)
    return table


@pytest.mark.parametrize(("names", "until_known"), OUTAGES)
def test_an_outage_is_survived_and_what_was_taken_is_created_after_it(
    clients: dict[str, Client],
    admin: Wire,
    filled: str,
    table: Table,
    clouds: Run,
    invoke: Invoke,
    names: tuple[str, ...],
    until_known: bool,
) -> None:
    """Reads answer, asynchronous creates are taken, synchronous ones say no and leave nothing.

    When the services are back, what was taken is CREATED by itself.
    """
    label = "+".join(names)
    object_ = f"{label}-{uuid4().hex[:6]}"
    up = next(name for name in THREE if name not in names)
    client = clients[up]
    with stopped(clouds, names):
        taken = timed(
            lambda: client.create_object(filled, f"{object_}-a", b"taken", prefer="respond-async")
        )

        def refused() -> None:
            with pytest.raises((ReplicationFailed, NotEnoughClusters)):
                client.create_object(filled, f"{object_}-b", b"refused", prefer="wait=25")

        done = timed(refused)
        unknown = reads(clients, filled)
        known = _reads_once_it_is_known(clients, filled, names, invoke) if until_known else []
        client.create_object(filled, f"{object_}-c", b"taken", prefer="respond-async")
    returned = time.monotonic()
    for name in (f"{object_}-a", f"{object_}-c"):
        wait_until(
            partial(_is_created, client, filled, name),
            f"what was taken while {label} was away is CREATED",
            seconds=RETURN_SECONDS,
        )
        assert client.download_object(filled, name).content == b"taken"
    after = time.monotonic() - returned
    for name in names:
        # On a busy machine a probe may take longer than it may, once.
        wait_until(partial(_is_healthy, invoke, name), f"{name} is healthy again")
    assert _states(admin, names) == {"ACTIVE"}
    assert client.wait_until_settled(filled, f"{object_}-b") is None
    table.add_row(
        label,
        f"{taken:.0f}",
        f"{done:.0f} (503)",
        *p50_p99(unknown),
        *(p50_p99(known) if known else ("", "")),
        f"{after:.0f}",
    )


def _is_healthy(invoke: Invoke, cluster: str) -> bool:
    return invoke(cluster, "check_health", {})["healthy"] is True


def _is_created(client: Client, container: str, name: str) -> bool:
    return client.stat_object(container, name).state == "CREATED"


def _reads_once_it_is_known(
    clients: dict[str, Client], container: str, names: tuple[str, ...], invoke: Invoke
) -> list[float]:
    for name in names:
        assert invoke(name, "check_health", {})["healthy"] is False
    # Warm functions read the registry again after thirty seconds.
    deadline = time.monotonic() + limits.REGISTRY_AGE_SECONDS + 1
    while time.monotonic() < deadline:
        reads(clients, container)
    return reads(clients, container)


def _states(admin: Wire, names: tuple[str, ...]) -> set[str]:
    listed = admin.send("GET", "/v1/admin/clusters").json()["clusters"]
    return {one["state"] for one in listed if one["name"] in names}
