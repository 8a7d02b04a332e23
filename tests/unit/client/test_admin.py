"""Storage policies, placement and the operators' calls go over the wire as the API has them."""

import json
from typing import Any

import httpx
import pytest

from mcos_client import KEEP, Client, NotPermitted, PolicyPart
from mcos_client.admin import Admin
from tests.unit.client.conftest import Gateway
from tests.unit.client.sending.test_attempts import answer, done, problem
from tests.unit.client.test_errors import OPENAPI

TIME = "2026-01-01T00:00:00Z"
CLUSTER: dict[str, Any] = {
    "name": "s3",
    "entry_point": "http://e",
    "backend": "s3",
    "provider": "p",
    "location": "l",
    "labels": {"cost": "low"},
    "weight": 1,
    "state": "ACTIVE",
    "operator_state": None,
    "health": {"healthy": True, "checked_at": None, "read_ms": None, "reason": None},
}
JOB: dict[str, Any] = {
    "job": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "kind": "drain",
    "cluster": "s3",
    "state": "RUNNING",
    "rate": 20,
    "created_at": TIME,
    "updated_at": TIME,
    "passes": 0,
    "examined": 0,
    "waiting": 0,
    "stuck": 0,
    "moved": 0,
    "remaining": None,
}
POLICY: dict[str, Any] = {
    "name": "cheap",
    "parts": [{"replicas": 2, "must": {"cost": "low"}, "should": {}}],
    "readable": 1,
}
ACCOUNT = {"user_name": "demo", "role": "user", "enabled": True, "created_at": TIME}


def test_the_calls_of_the_api_are_the_methods_under_their_names() -> None:
    operations = {
        operation["operationId"]
        for path in OPENAPI["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict)
    }
    methods = {*dir(Client), *dir(Admin)}
    plain = {one for one in operations if not one.startswith("exact_")}
    # stat_object tells what head_object does, and more; copy_object is both copies; and a link is
    # for who has no client.
    without = {"head_object", "create_by_copy", "update_by_copy", "download_shared"}
    assert plain - methods == without


def sent(gateway: Gateway) -> Any:
    return json.loads(gateway.requests[-1].content)


def reply_with(gateway: Gateway, value: Any, status: int = 200) -> None:
    gateway.reply = lambda request: httpx.Response(status, json=value)


def test_the_storage_policy_goes_with_containers_and_objects(
    client: Client, gateway: Gateway
) -> None:
    answer(gateway, done)
    client.create_container("c", storage_policy="cheap")
    client.create_object("c", "o", b"1", storage_policy="cheap")
    client.update_object("c", "o", b"1", storage_policy="cheap")
    assert [one.headers["x-storage-policy"] for one in gateway.requests] == ["cheap"] * 3
    client.create_object("c", "o", b"1")
    assert "x-storage-policy" not in gateway.requests[-1].headers


def test_placement_is_read(client: Client, gateway: Gateway) -> None:
    placed = {
        **{name: CLUSTER[name] for name in ("provider", "location", "labels", "state")},
        "cluster": "s3",
        "role": "target",
        "part": 0,
        "score": 0.5,
        "reason": "first by score",
    }
    located = {"cluster": "s3", "backend": "s3", "provider": None, "location": None}
    reply_with(
        gateway,
        {
            "name": "a//b",
            "container": "c",
            "storage_policy": POLICY,
            "version": None,
            "replicas": [{**located, "state": "leaving"}],
            "placement": [placed],
        },
    )
    found = client.locate_object("c", "a//b")
    assert gateway.target == "/v1/exact/containers/Yw/placement/YS8vYg"
    assert found.storage_policy.parts == (PolicyPart(2, {"cost": "low"}, {}),)
    assert (found.placement[0].role, found.replicas[0].state) == ("target", "leaving")


def test_a_change_of_a_cluster_tells_what_is_kept_from_what_is_taken_back(
    client: Client, gateway: Gateway
) -> None:
    reply_with(gateway, CLUSTER)
    client.admin.change_cluster("s3", state="DOWN", weight=None, labels=KEEP)
    assert gateway.requests[-1].method == "PATCH"
    assert sent(gateway) == {"state": "DOWN", "weight": None}


def test_clusters_are_listed_linked_drained_and_unlinked(client: Client, gateway: Gateway) -> None:
    reply_with(gateway, {"clusters": [CLUSTER]})
    assert [one.labels for one in client.admin.list_clusters()] == [{"cost": "low"}]
    reply_with(gateway, CLUSTER, 201)
    client.admin.link_cluster("s3", {"weight": 1})
    assert (gateway.requests[-1].method, sent(gateway)) == ("PUT", {"weight": 1})
    reply_with(gateway, JOB, 202)
    assert client.admin.drain_cluster("s3", rate=5).kind == "drain"
    assert (gateway.target, sent(gateway)) == ("/v1/admin/clusters/s3/drain", {"rate": 5})
    reply_with(gateway, {**JOB, "kind": "lose"}, 202)
    assert client.admin.lose_cluster("s3").kind == "lose"
    assert gateway.target == "/v1/admin/clusters/s3/lose"
    gateway.reply = lambda request: httpx.Response(204)
    client.admin.unlink_cluster("s3")
    assert gateway.requests[-1].method == "DELETE"


def test_policies_are_set_as_they_are_read(client: Client, gateway: Gateway) -> None:
    reply_with(gateway, {"policies": [POLICY]})
    [policy] = client.admin.list_policies()
    assert policy.parts == (PolicyPart(2, {"cost": "low"}, {}),)
    reply_with(gateway, POLICY)
    client.admin.set_policy("cheap", policy.parts, readable=policy.readable)
    assert sent(gateway) == {"parts": POLICY["parts"], "readable": 1}
    client.admin.set_policy("cheap", policy.parts)
    assert sent(gateway) == {"parts": POLICY["parts"]}


def test_accounts_are_listed_over_pages_made_and_changed(client: Client, gateway: Gateway) -> None:
    pages = iter([{"accounts": [ACCOUNT], "next_marker": "m"}, {"accounts": []}])
    gateway.reply = lambda request: httpx.Response(200, json=next(pages))
    assert [one.user_name for one in client.admin.all_accounts()] == ["demo"]
    assert gateway.target == "/v1/admin/accounts?marker=m"
    reply_with(gateway, ACCOUNT, 201)
    client.admin.create_account("demo", "secret", role="admin")
    assert sent(gateway) == {"password": "secret", "role": "admin"}
    client.admin.change_account("demo", enabled=False)
    assert sent(gateway) == {"enabled": False}


def test_jobs_are_listed_shown_stopped_and_started(client: Client, gateway: Gateway) -> None:
    reply_with(gateway, {"jobs": [JOB]})
    assert [one.cluster for one in client.admin.list_jobs()] == ["s3"]
    reply_with(gateway, JOB)
    assert client.admin.get_job(JOB["job"]).remaining is None
    client.admin.stop_job(JOB["job"])
    assert gateway.target == f"/v1/admin/jobs/{JOB['job']}/stop"
    client.admin.start_job()
    assert sent(gateway) == {"kind": "rebalance"}


def test_who_is_no_operator_is_not_permitted(client: Client, gateway: Gateway) -> None:
    answer(gateway, problem(403, "not_permitted"))
    with pytest.raises(NotPermitted):
        client.admin.list_clusters()
