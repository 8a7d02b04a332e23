"""Objects are where the resolver says, by the policy that they have."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from rich.table import Table

from mcos.model.clusters import DEFAULT_POLICY, Cluster
from mcos.model.objects import ObjectKey
from mcos.placement import resolver
from mcos_client import Client
from tests.functional.conftest import Account
from tests.functional.five.conftest import FIVE
from tests.support.services import StorageService
from tests.support.waiting import wait_until
from tests.support.wire import Wire

BATCH = 50


@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.long)])
def test_every_object_is_where_the_resolver_says(
    account: Account,
    clients: dict[str, Client],
    container: str,
    registry: dict[str, Cluster],
    services: dict[str, StorageService],
    show: Callable[[Table], None],
    count: int,
) -> None:
    """Taken at five entry points, asynchronously; read back by the services' own clients."""
    names = [f"object-{number:04}" for number in range(count)]

    def create(number: int) -> None:
        client = clients[FIVE[number % len(FIVE)]]
        client.create_object(
            container, names[number], names[number].encode(), prefer="respond-async"
        )

    def created(taken: int) -> bool:
        states = Counter(one.state for one in clients["s3"].all_objects(container))
        return states == {"CREATED": taken}

    with ThreadPoolExecutor(max_workers=4) as pool:
        # In batches: a small machine cannot start functions for all of it at once.
        for first in range(0, count, BATCH):
            list(pool.map(create, range(first, first + BATCH)))
            wait_until(partial(created, first + BATCH), "a batch is CREATED", seconds=300)

    held = {name: service.replicas() for name, service in services.items()}
    placed: Counter[str] = Counter()
    for name in names:
        stat = clients["s3"].stat_object(container, name)
        told = {one.cluster for one in stat.replicas}
        key = ObjectKey(account.user_name, container, name)
        wanted = resolver.place(registry.values(), DEFAULT_POLICY, key).targets
        assert told == {cluster.name for cluster in wanted}, name
        replica = f"{account.user_name}/{stat.version}"
        assert {cluster for cluster, keys in held.items() if replica in keys} == told, name
        placed.update(told)
    show(_balance(placed, registry, count))
    # Providers and locations first: the one cluster in Tokyo has a replica of every object, and the
    # two that a provider runs share what one alone would have.
    assert sum(placed.values()) == 3 * count
    assert set(placed) == set(FIVE)


def _balance(placed: Counter[str], registry: dict[str, Cluster], count: int) -> Table:
    table = Table("cluster", "provider", "location", "replicas", "share", title="Balance")
    for name in FIVE:
        cluster = registry[name]
        share = f"{placed[name] / count:.1%}"
        table.add_row(name, cluster.provider, cluster.location, str(placed[name]), share)
    return table


def test_a_policy_is_met_and_shown(
    clients: dict[str, Client],
    container: str,
    policy: str,
    registry: dict[str, Cluster],
    account: Account,
) -> None:
    fast = clients["ceph"].create_container(f"{container}-fast", storage_policy=policy).name
    for number, name in enumerate(FIVE * 2):
        clients[name].create_object(fast, f"object-{number}", b"bytes", prefer="wait=25")
        stat = clients["s3"].stat_object(fast, f"object-{number}")
        labels = [registry[one.cluster].labels for one in stat.replicas]
        assert stat.state == "CREATED"
        assert sum(one["speed"] == "fast" for one in labels) >= 1
        assert sum(one["cost"] == "low" for one in labels) == 2
    with_placement = account.wire("swift-2")
    told = with_placement.send("GET", f"/v1/containers/{fast}/placement/object-0").json()
    with_placement.close()
    assert told["storage_policy"]["name"] == policy
    assert {one["cluster"] for one in told["replicas"]} == {
        one["cluster"] for one in told["placement"] if one["role"] == "target"
    }
    assert {one["cluster"] for one in told["placement"]} == set(FIVE)
    assert all(one["reason"] for one in told["placement"])


def test_a_policy_that_the_clusters_cannot_meet_is_refused(admin: Wire) -> None:
    body = {"parts": [{"replicas": 3, "must": {"speed": "fast"}}]}
    reply = admin.send_json("PUT", "/v1/admin/policies/impossible", body)
    assert (reply.status_code, reply.json()["code"]) == (409, "policy_unmet")
