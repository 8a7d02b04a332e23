"""A scrub on the real services: what their own clients took away is back, by the function's own
role."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from mcos_client import Client
from tests.functional.api.conftest import CLUSTERS, Account
from tests.support.services import StorageService
from tests.support.waiting import wait_until
from tests.support.wire import Wire

CONTENT = b"the bytes that were sent"
WRONG = b"bytes that nobody sent  "


def holds(service: StorageService, key: str) -> bool:
    """Whether a service has the content under a key."""
    return service.read(key) == CONTENT


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_a_scrub_finds_what_is_missing_and_what_is_wrong(
    account: Account,
    admin: Wire,
    client: Client,
    container: str,
    services: dict[str, StorageService],
    invoke: Callable[..., Any],
    cluster: str,
) -> None:
    names = {f"{kind}-{cluster}": kind for kind in ("missing", "wrong", "whole")}
    keys = {}
    for name, kind in names.items():
        written = client.create_object(container, name, CONTENT, prefer="wait=25")
        keys[kind] = f"{account.user_name}/{written.version}"
    service = services[cluster]
    service.delete(keys["missing"])
    service.write(keys["wrong"], WRONG)
    path = f"/v1/admin/clusters/{cluster}/scrub"
    started = admin.send_json("POST", path, {"full": True})
    assert started.status_code == 202
    run = started.json()["run"]

    def is_over() -> bool:
        # Its schedule does the same, once a minute.
        invoke(cluster, "scrub_backend", {})
        told = admin.send("GET", path).json()
        assert told["run"] == run
        return bool(told["state"] != "RUNNING")

    wait_until(is_over, "the run has ended", seconds=300)
    report = admin.send("GET", path).json()
    assert (report["state"], report["reason"]) == ("DONE", None)
    assert report["repaired"] >= 2
    assert report["oldest_full_reading"] == report["started_at"]
    for kind, key in keys.items():
        wait_until(partial(holds, service, key), f"the replica that was {kind} is whole")
    for name in names:
        body = {"account": account.user_name, "container": container, "object": name}
        found = admin.send_json("POST", "/v1/admin/objects/verify", body).json()
        assert {one["state"] for one in found["replicas"]} <= {"whole", "writing"}
        assert client.download_object(container, name).content == CONTENT
