"""Operators' calls on the running clusters, where each function's role is enforced."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from mcos import limits
from mcos_client import Client, InvalidCredentials
from tests.functional.api.conftest import CLUSTERS
from tests.functional.conftest import Account
from tests.support.paths import container_path
from tests.support.waiting import wait_until
from tests.support.wire import CheckedTransport, Wire, code_of

# How long a warm function may believe in what it has read, and what a busy machine may add.
UNNOTICED_SECONDS = limits.REGISTRY_AGE_SECONDS + 60


def unique(stem: str) -> str:
    return f"{stem}-{uuid4().hex[:10]}"


@pytest.fixture
def login(endpoints: dict[str, str]) -> Iterator[Client]:
    """A client that has not logged in."""
    with Client(endpoints["ceph"], transport=CheckedTransport(endpoints["ceph"])) as client:
        yield client


def test_an_account_is_made_gets_a_new_password_and_is_disabled(
    admin: Wire, login: Client, endpoints: dict[str, str]
) -> None:
    name = unique("made")
    path = f"/v1/admin/accounts/{name}"
    made = admin.send_json("PUT", path, {"password": "the first one"})
    assert (made.status_code, made.json()["role"]) == (201, "user")
    assert code_of(admin.send_json("PUT", path, {"password": "another one"})) == "account_exists"
    old = login.login(name, "the first one").token
    login.create_container("own")

    assert admin.send_json("PATCH", path, {"password": "the second one"}).status_code == 200
    with pytest.raises(InvalidCredentials):
        login.login(name, "the first one")
    login.login(name, "the second one")
    assert [one.name for one in login.all_containers()] == ["own"]
    with Client(endpoints["s3"], old) as before:
        refused = Wire(endpoints["s3"], before.token)

        def is_void() -> bool:
            """Each process of a function notices by itself, so the next may not know yet."""
            reply = refused.send("GET", "/v1/containers")
            return reply.status_code == 401 and code_of(reply) == "token_revoked"

        wait_until(is_void, "the token of before is void", seconds=UNNOTICED_SECONDS)
        refused.close()

    assert admin.send_json("PATCH", path, {"enabled": False}).json()["enabled"] is False
    with pytest.raises(InvalidCredentials):
        login.login(name, "the second one")
    assert admin.send_json("PATCH", path, {"enabled": True}).status_code == 200
    login.login(name, "the second one")


def test_an_operator_can_be_made_and_unmade(admin: Wire, login: Client) -> None:
    name = unique("operator")
    path = f"/v1/admin/accounts/{name}"
    admin.send_json("PUT", path, {"password": "a password", "role": "admin"})
    login.login(name, "a password")
    wire = Wire(login.entry_point, login.token)
    assert wire.send("GET", "/v1/admin/accounts").status_code == 200
    assert admin.send_json("PATCH", path, {"role": "user"}).status_code == 200
    assert code_of(wire.send("GET", "/v1/admin/accounts")) == "not_permitted"
    wire.close()


def test_policies_are_set_used_and_removed(admin: Wire, account: Account, wire: Wire) -> None:
    name, container = unique("two"), unique("container")
    path = f"/v1/admin/policies/{name}"
    body = {"parts": [{"replicas": 2, "should": {"speed": "fast"}}], "readable": 1}
    assert admin.send_json("PUT", path, body).status_code == 201
    listed = admin.send("GET", "/v1/admin/policies").json()["policies"]
    assert {"default", name} <= {one["name"] for one in listed}
    made = wire.send("PUT", container_path(container), headers={"x-storage-policy": name})
    assert (made.status_code, made.json()["storage_policy"]) == (201, name)
    with account.client("swift") as client:
        client.create_object(container, "o", b"bytes", prefer="wait=25")
        stat = client.stat_object(container, "o")
        assert len(stat.replicas) == 2
        assert "s3" in {one.cluster for one in stat.replicas}
        assert code_of(admin.send("DELETE", path)) == "policy_in_use"
        client.delete_object(container, "o", prefer="wait=25")
        client.delete_container(container)
    assert admin.send("DELETE", path).status_code == 204
    assert code_of(admin.send("DELETE", path)) == "policy_not_found"


def test_an_operators_word_stands_until_it_is_taken_back(admin: Wire) -> None:
    listed = admin.send("GET", "/v1/admin/clusters").json()["clusters"]
    assert {one["name"] for one in listed} == set(CLUSTERS)
    assert all(one["health"]["healthy"] for one in listed)
    path = "/v1/admin/clusters/ceph"
    told = admin.send_json("PATCH", path, {"weight": 2.5, "labels": {"disk": "fast"}}).json()
    assert (told["weight"], told["labels"]) == (2.5, {"disk": "fast"})
    back = admin.send_json("PATCH", path, {"weight": None, "labels": None}).json()
    assert (back["weight"], back["labels"]) == (1, {"speed": "standard", "cost": "low"})
    assert code_of(admin.send_json("PATCH", path, {"state": "RESTING"})) == "invalid_body"
    assert code_of(admin.send("DELETE", path)) == "cluster_in_use"


def test_three_clusters_cannot_spare_one(admin: Wire) -> None:
    refused = admin.send_json("POST", "/v1/admin/clusters/ceph/drain", {})
    assert (refused.status_code, code_of(refused)) == (409, "policy_unmet")


def test_a_rebalance_is_started_watched_and_stopped(admin: Wire) -> None:
    started = admin.send_json("POST", "/v1/admin/jobs", {"kind": "rebalance", "rate": 5})
    assert started.status_code == 202
    job = started.json()["job"]
    again = admin.send_json("POST", "/v1/admin/jobs", {"kind": "rebalance"})
    assert again.json()["job"] == job

    def has_passed() -> bool:
        told = admin.send("GET", f"/v1/admin/jobs/{job}").json()
        return bool(told["passes"] > 0)

    wait_until(has_passed, "a whole pass was made", seconds=300)
    stopped = admin.send("POST", f"/v1/admin/jobs/{job}/stop").json()
    assert stopped["state"] in ("STOPPED", "DONE")
    assert stopped["moved"] == 0
    assert job in {one["job"] for one in admin.send("GET", "/v1/admin/jobs").json()["jobs"]}
