"""The operators' calls over HTTP: every one is for admins, and every reply is documented."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest

from app import MODULES
from mcos import clock
from mcos.auth import passwords
from mcos.catalog import accounts, jobs, registry
from mcos.catalog.registry import current_registry
from mcos.model.clusters import Health
from mcos.model.jobs import JobState
from tests.support.api import call
from tests.support.openapi import document

pytestmark = pytest.mark.usefixtures("operator", "run_jobs")

OPERATIONS = [
    (method.upper(), path, one["operationId"], one["x-mcos-function"])
    for path, item in document()["paths"].items()
    for method, one in item.items()
    if path.startswith("/v1/admin/") and method != "parameters"
]
ROW: dict[str, Any] = {
    "entry_point": "https://ceph-2.example.org",
    "backend": "ceph",
    "provider": "own",
    "location": "hanoi",
    "labels": {"speed": "fast", "é": ""},
    "weight": 1.5,
    "put_replica": "arn:aws:lambda:x:1:function:put",
    "put_parts": "arn:aws:lambda:x:1:function:parts",
    "get_replica": "arn:aws:lambda:x:1:function:get",
    "repair_queue_url": "https://queues.example.org/1/repair",
    "staging_bucket": "staging",
}
CLUSTER = "/v1/admin/clusters/ceph-2"
POLICY = "/v1/admin/policies/pair"


def filled(path: str) -> str:
    for parameter, value in {
        "cluster": "ceph-2",
        "policy": "pair",
        "account": "bob",
        "job": "0" * 26,
    }.items():
        path = path.replace(f"{{{parameter}}}", value)
    return path


def everything() -> Any:
    """All that operators' calls could change."""
    found = current_registry(fresh=True)
    return found, jobs.all_jobs(), accounts.page(after=None, limit=100)


# Who may


@pytest.mark.parametrize(("method", "path"), [one[:2] for one in OPERATIONS])
def test_every_call_is_refused_to_whoever_is_no_admin_and_changes_nothing(
    method: str, path: str
) -> None:
    before = everything()
    for account, status, code in [
        (None, 401, "token_missing"),
        ("bob", 403, "not_permitted"),
        ("nobody", 403, "not_permitted"),
    ]:
        for body in (None, ROW, {"password": "x"}, {"enabled": False}, {"kind": "rebalance"}):
            reply = call(method, filled(path), body, account=account)
            assert (reply.status, reply.code) == (status, code)
    assert everything() == before


@pytest.mark.parametrize(("method", "path", "call_name", "function"), OPERATIONS)
def test_every_call_is_logged_under_its_name(
    method: str, path: str, call_name: str, function: str, logged: list[str]
) -> None:
    call(method, filled(path))
    (line,) = [one for one in map(json.loads, logged) if one["message"] == "audit"]
    assert (line["call"], line["account"]) == (call_name, "ada")
    assert import_module(MODULES[function])


@pytest.mark.parametrize(
    ("method", "path", "body", "target"),
    [
        ("PATCH", "/v1/admin/accounts/bob", {"enabled": False}, {"account": "bob"}),
        ("POST", "/v1/admin/jobs/a%3Bb/stop", None, {"job": "a;b"}),
        ("PUT", CLUSTER, ROW, {"cluster": "ceph-2"}),
        (
            "DELETE",
            "/v1/exact/admin/deleted/Ym9i/cGhvdG9z/YT9i",
            None,
            {"account": "bob", "container": "photos", "object": "a?b"},
        ),
        (
            "POST",
            "/v1/admin/objects/verify",
            {"account": "bob", "container": "photos", "object": "x" * 3000},
            {"account": "bob", "container": "photos", "object": "x" * 1024},
        ),
        ("GET", "/v1/admin/clusters", None, "/v1/admin/clusters"),
    ],
)
@pytest.mark.parametrize("account", ["ada", "eve"])
def test_every_call_is_logged_with_its_target_also_if_it_is_refused(
    method: str, path: str, body: Any, target: Any, account: str, logged: list[str]
) -> None:
    call(method, path, body, account=account)
    (line,) = [one for one in map(json.loads, logged) if one["message"] == "audit"]
    assert (line["account"], line["target"]) == (account, target)


def test_an_admin_who_was_put_down_is_refused_at_the_next_call() -> None:
    call("PUT", "/v1/admin/accounts/eve", {"password": "words of eve", "role": "admin"})
    assert call("GET", "/v1/admin/jobs", account="eve").status == 200
    assert call("PATCH", "/v1/admin/accounts/eve", {"role": "user"}).status == 200
    assert call("GET", "/v1/admin/jobs", account="eve").code == "not_permitted"


# Clusters


def test_a_cluster_is_linked_told_of_changed_drained_and_unlinked() -> None:
    for name in ("a", "b", "c"):
        assert call("PUT", f"/v1/admin/clusters/{name}", ROW).status == 201
    assert call("PUT", CLUSTER, ROW).status == 201
    checked_at = clock.now()
    registry.write_health("ceph-2", Health(True, 0, checked_at, 4.5))
    reply = call("PUT", CLUSTER, {**ROW, "weight": 2})
    assert reply.status == 200
    assert reply.json() == {
        "name": "ceph-2",
        "entry_point": ROW["entry_point"],
        "backend": "ceph",
        "provider": "own",
        "location": "hanoi",
        "labels": ROW["labels"],
        "weight": 2,
        "state": "ACTIVE",
        "operator_state": None,
        "removals_held": False,
        "health": {
            "healthy": True,
            "checked_at": checked_at,
            "read_ms": 4.5,
            "removals_held": None,
            "journal_at": None,
            "reason": None,
            "refusals": [],
            "warnings": [],
        },
    }
    changed = call("PATCH", CLUSTER, {"state": "DOWN", "weight": None}).json()
    assert (changed["state"], changed["operator_state"], changed["weight"]) == ("DOWN", "DOWN", 2)
    assert call("PATCH", CLUSTER, {"state": None}).json()["operator_state"] is None
    assert call("DELETE", CLUSTER).code == "cluster_in_use"
    job = call("POST", f"{CLUSTER}/drain").json()
    assert (job["kind"], job["cluster"], job["rate"], job["remaining"]) == (
        "drain",
        "ceph-2",
        20,
        None,
    )
    assert call("POST", f"{CLUSTER}/drain", {"rate": 3}).json()["job"] == job["job"]
    assert call("POST", "/v1/admin/clusters/a/drain").code == "policy_unmet"
    jobs.change(job["job"], lambda found: replace(found, state=JobState.DONE))
    assert call("DELETE", CLUSTER).status == 204
    assert call("DELETE", CLUSTER).code == "cluster_not_found"
    listed = call("GET", "/v1/admin/clusters").json()["clusters"]
    assert [one["name"] for one in listed] == ["a", "b", "c"]


def test_a_cluster_is_declared_lost_and_unlinked() -> None:
    assert call("PUT", CLUSTER, ROW).status == 201
    assert call("PATCH", CLUSTER, {"state": "LOST"}).code == "invalid_body"
    assert call("PUT", "/v1/admin/clusters/a", ROW).status == 201
    job = call("POST", f"{CLUSTER}/lose", {"rate": 3}).json()
    assert (job["kind"], job["cluster"], job["rate"]) == ("lose", "ceph-2", 3)
    assert call("POST", f"{CLUSTER}/lose").json()["job"] == job["job"]
    assert call("POST", f"{CLUSTER}/drain").code == "conflict"
    listed = call("GET", "/v1/admin/clusters").json()["clusters"]
    assert {one["name"]: one["state"] for one in listed} == {"a": "ACTIVE", "ceph-2": "LOST"}
    assert call("DELETE", CLUSTER).code == "cluster_in_use"
    jobs.change(job["job"], lambda found: replace(found, state=JobState.DONE))
    assert call("DELETE", CLUSTER).status == 204
    assert call("POST", f"{CLUSTER}/lose").code == "cluster_not_found"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**ROW, "state": "ACTIVE"}, "state"),
        ({name: value for name, value in ROW.items() if name != "labels"}, "labels"),
        ({**ROW, "weight": "1"}, "weight"),
        ({**ROW, "labels": {"a": 1}}, "labels"),
        ({**ROW, "backend": "ftp"}, "backend"),
        (b"{", "JSON"),
    ],
)
def test_a_row_that_is_none_is_refused(body: Any, field: str) -> None:
    reply = call("PUT", CLUSTER, body)
    assert (reply.status, reply.code) == (400, "invalid_body")
    assert field in reply.json()["detail"]
    assert current_registry(fresh=True).clusters == {}


def test_names_in_the_path_are_checked() -> None:
    assert call("PUT", "/v1/admin/clusters/Ceph", ROW).code == "invalid_name"
    assert call("PUT", "/v1/admin/clusters/a%3Bb", ROW).code == "unsafe_path"
    assert call("PUT", "/v1/admin/policies/Fast", {"parts": []}).code == "invalid_name"
    assert call("PUT", "/v1/admin/accounts/a%20b", {"password": "x"}).code == "invalid_name"
    assert call("PATCH", "/v1/admin/accounts/a%20b", {}).code == "account_not_found"
    assert call("PATCH", f"/v1/admin/accounts/{'a' * 3000}", {}).code == "account_not_found"
    assert call("GET", f"/v1/admin/jobs/{'a' * 3000}").code == "job_not_found"
    assert call("POST", "/v1/admin/jobs/a%3Bb/stop").code == "unsafe_path"
    assert call("DELETE", f"/v1/admin/policies/{'a' * 3000}").code == "policy_not_found"


@pytest.mark.parametrize(
    "body", [{"state": "GONE"}, {"state": ""}, {"weight": True}, {"labels": []}, {"health": {}}]
)
def test_a_word_that_is_none_is_refused(body: Any) -> None:
    call("PUT", CLUSTER, ROW)
    before = everything()
    assert call("PATCH", CLUSTER, body).code == "invalid_body"
    assert everything() == before


# Policies


@pytest.mark.usefixtures("linked")
def test_a_policy_is_set_told_of_and_deleted() -> None:
    reply = call("PUT", POLICY, {"parts": [{"replicas": 2}]})
    assert reply.status == 201
    reply = call("PUT", POLICY, {"parts": [{"replicas": 1, "must": {"speed": "fast"}}]})
    assert reply.status == 200
    parts = [{"replicas": 1, "must": {"speed": "fast"}, "should": {}}]
    assert reply.json() == {"name": "pair", "parts": parts, "readable": 1}
    found = call("GET", "/v1/admin/policies").json()["policies"]
    assert [one["name"] for one in found] == ["default", "pair"]
    assert found[1] == reply.json()
    assert call("PUT", POLICY, {"parts": [{"replicas": 5}]}).code == "policy_unmet"
    assert call("DELETE", POLICY).status == 204
    assert call("DELETE", POLICY).code == "policy_not_found"
    assert call("DELETE", "/v1/admin/policies/default").code == "policy_not_found"


@pytest.mark.usefixtures("linked")
@pytest.mark.parametrize(("replicas", "readable"), [(1, 1), (2, 2), (3, 2), (4, 3)])
def test_more_than_half_of_the_replicas_make_a_version_readable_if_nothing_is_said(
    replicas: int, readable: int
) -> None:
    reply = call("PUT", POLICY, {"parts": [{"replicas": 1}] * replicas})
    assert reply.json()["readable"] == readable


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"parts": []},
        {"parts": [{}]},
        {"parts": [{"replicas": 0}]},
        {"parts": [{"replicas": 1.5}]},
        {"parts": [{"replicas": 17}]},
        {"parts": [{"replicas": 1, "must": ["a"]}]},
        {"parts": [{"replicas": 1, "labels": {}}]},
        {"parts": [{"replicas": 1}], "readable": 2},
        {"parts": [{"replicas": 1}], "readable": None},
        {"parts": [{"replicas": 1}], "name": "pair"},
    ],
)
def test_a_rule_that_is_none_is_refused(body: Any) -> None:
    assert call("PUT", POLICY, body).code == "invalid_body"
    assert set(current_registry(fresh=True).policies) == {"default"}


# Accounts


def test_an_account_is_created_told_of_and_changed() -> None:
    reply = call("PUT", "/v1/admin/accounts/eve", {"password": "the first one", "role": "admin"})
    assert reply.status == 201
    assert (reply.json()["role"], reply.json()["enabled"]) == ("admin", True)
    assert (
        call("PUT", "/v1/admin/accounts/eve", {"password": "another one"}).code == "account_exists"
    )
    assert (
        call("PUT", "/v1/admin/accounts/joe", {"password": "words of joe"}).json()["role"] == "user"
    )
    reply = call("PATCH", "/v1/admin/accounts/eve", {"enabled": False})
    assert (reply.status, reply.json()["enabled"]) == (200, False)
    assert call("PATCH", "/v1/admin/accounts/nobody", {"enabled": False}).status == 404
    found: list[str] = []
    marker = ""
    while marker is not None:
        page = call("GET", f"/v1/admin/accounts?limit=2&marker={marker}").json()
        found += [one["user_name"] for one in page["accounts"]]
        marker = page["next_marker"]
    assert sorted(found) == ["ada", "bob", "eve", "joe"]


def test_the_last_admin_stays() -> None:
    for body in ({"role": "user"}, {"enabled": False}):
        assert call("PATCH", "/v1/admin/accounts/ada", body).code == "last_admin"
    assert call("GET", "/v1/admin/accounts").status == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"password": ""},
        {"password": "ten letters"[:9]},
        {"password": "aaaaaaaaaaaa"},
        {"password": "ten letters" * 94},
        {"password": None},
        {"password": "words of eve", "role": "root"},
        {"password": "words of eve", "enabled": True},
        {"user_name": "eve", "password": "words of eve"},
    ],
)
def test_an_account_that_is_none_is_refused(body: Any) -> None:
    assert call("PUT", "/v1/admin/accounts/eve", body).code == "invalid_body"
    assert accounts.find("eve") is None


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "marker=a%20b", "marker=%ff"])
def test_a_page_that_is_none_is_refused(query: str) -> None:
    assert call("GET", f"/v1/admin/accounts?{query}").code == "invalid_query"


def test_no_password_and_no_hash_is_in_a_log_or_a_reply(logged: list[str]) -> None:
    secret, hashed = "hunter2-hunter2", passwords.hash_password("hunter2-hunter2")
    replies = [
        call("PUT", "/v1/admin/accounts/eve", {"password": secret}),
        call("PUT", "/v1/admin/accounts/eve", {"password": secret}),
        call("PUT", "/v1/admin/accounts/joe", {"password": secret * 100}),
        call("PUT", "/v1/admin/accounts/joe", {"password": [secret]}),
        call("PUT", "/v1/admin/accounts/joe", json.dumps({"password": secret}).encode()[:-1]),
        call("PATCH", "/v1/admin/accounts/eve", {"password": secret}),
        call("PATCH", "/v1/admin/accounts/nobody", {"password": secret}),
        call("GET", "/v1/admin/accounts"),
    ]
    assert len(logged) >= len(replies)
    for text in [*logged, *(reply.body.decode() for reply in replies)]:
        assert secret not in text
        assert hashed.partition("$")[0] not in text


# Jobs


def test_a_job_is_started_told_of_and_stopped() -> None:
    reply = call("POST", "/v1/admin/jobs", {"kind": "rebalance", "rate": 0.5})
    assert reply.status == 202
    job = reply.json()
    assert (job["state"], job["rate"], job["cluster"]) == ("RUNNING", 0.5, None)
    assert call("POST", "/v1/admin/jobs", {"kind": "rebalance"}).json() == job
    assert call("GET", f"/v1/admin/jobs/{job['job']}").json() == job
    stopped = call("POST", f"/v1/admin/jobs/{job['job']}/stop").json()
    assert stopped["state"] == "STOPPED"
    assert call("POST", f"/v1/admin/jobs/{job['job']}/stop").json() == stopped
    assert call("GET", "/v1/admin/jobs").json() == {"jobs": [stopped]}
    assert call("GET", f"/v1/admin/jobs/{'0' * 26}").code == "job_not_found"


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"kind": "drain"},
        {"kind": "drain", "cluster": "ceph"},
        {"kind": "rebalance", "cluster": "ceph"},
        {"kind": "rebalance", "rate": 0},
        {"kind": "rebalance", "rate": "fast"},
    ],
)
def test_a_job_that_is_none_is_refused(body: Any) -> None:
    assert call("POST", "/v1/admin/jobs", body).code == "invalid_body"
    assert jobs.all_jobs() == []
