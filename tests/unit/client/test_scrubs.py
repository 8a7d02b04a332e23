"""The calls about scrubs and about one object's replicas, over the wire as the API has them."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx

from mcos_client import Client
from tests.unit.client.conftest import Gateway
from tests.unit.client.test_errors import OPENAPI

TIME = "2026-01-01T00:00:00Z"
_SCHEMA = OPENAPI["components"]["schemas"]["Scrub"]
RUN: dict[str, Any] = {
    **dict.fromkeys(_SCHEMA["required"], 0),
    "run": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "cluster": "ceph",
    "state": "RUNNING",
    **dict.fromkeys(("reason", "waits", "held", "ended_at", "oldest_full_reading")),
    "started_at": TIME,
    "updated_at": TIME,
    "leg": "copies",
    "share": "3/12",
    "seen": 7,
}


def answer(gateway: Gateway, value: Any, status: int = 200) -> None:
    gateway.reply = lambda request: httpx.Response(status, json=value)


def sent(gateway: Gateway) -> Any:
    return json.loads(gateway.requests[-1].content)


def test_a_run_is_started_with_what_is_wanted_and_nothing_else(
    client: Client, gateway: Gateway
) -> None:
    answer(gateway, RUN, 202)
    run = client.admin.start_scrub("ceph")
    assert (gateway.target, sent(gateway)) == ("/v1/admin/clusters/ceph/scrub", {})
    assert (run.share, run.seen, run.ended_at) == ("3/12", 7, None)
    assert run.started_at == datetime(2026, 1, 1, tzinfo=UTC)
    client.admin.start_scrub("ceph", rate=5, mass_repair=True)
    assert sent(gateway) == {"rate": 5, "mass_repair": True}


def test_a_run_is_watched_and_stopped(client: Client, gateway: Gateway) -> None:
    answer(gateway, {**RUN, "repairs_waiting": 3, "of_a_newer_release": 1})
    assert client.admin.get_scrub("ceph").repairs_waiting == 3
    assert gateway.requests[-1].method == "GET"
    answer(gateway, {**RUN, "state": "STOPPED", "ended_at": TIME})
    assert client.admin.stop_scrub("ceph").ended_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert gateway.requests[-1].method == "DELETE"


def test_one_objects_replicas_are_looked_at_and_repaired(client: Client, gateway: Gateway) -> None:
    one = {"cluster": "s3", "state": "damaged", "checked": None, "reason": "gone"}
    answer(gateway, {"version": "v", "replicas": [one]})
    found = client.admin.verify_object("ada", "photos", "a/b")
    assert (gateway.target, sent(gateway)) == (
        "/v1/admin/objects/verify",
        {"account": "ada", "container": "photos", "object": "a/b"},
    )
    assert [(each.cluster, each.state) for each in found.replicas] == [("s3", "damaged")]
    answer(gateway, {"version": "v", "clusters": ["ceph", "s3"]}, 202)
    assert client.admin.repair_object("ada", "photos", "a/b").clusters == ("ceph", "s3")
    assert gateway.target == "/v1/admin/objects/repair"
