"""The call that tells how the deployment is, over the wire as the API has it."""

from datetime import UTC, datetime
from typing import Any

import httpx

from mcos_client import Client
from tests.unit.client.conftest import Gateway

TIME = "2026-01-01T00:10:00Z"
QUEUE = {"name": "repair", "ready": 2, "held": 1, "busy_since": None, "dead_letters": 4}
WELL: dict[str, Any] = {
    "well": True,
    "at": TIME,
    "findings": [],
    "clusters": [
        {
            "name": "ceph",
            "state": "ACTIVE",
            "healthy": True,
            "checked_at": "2026-01-01T00:09:15Z",
            "journal_at": None,
            "watched_at": "2026-01-01T00:07:00Z",
            "queues": [QUEUE],
            "unsettled_seconds": 90,
            "missing_seconds": 0,
        }
    ],
}
ILL = {
    **WELL,
    "well": False,
    "findings": [
        {"concern": "down", "cluster": "ceph", "reason": "it does not work", "value": 700},
        {"concern": "snapshot-late", "cluster": None, "reason": "it was refused", "value": 1},
    ],
}


def test_a_status_has_what_is_wrong_and_how_each_cluster_is(
    client: Client, gateway: Gateway
) -> None:
    gateway.reply = lambda request: httpx.Response(200, json={**ILL, "of_a_newer_release": 1})
    found = client.admin.get_status()
    assert gateway.target == "/v1/admin/status"
    assert [(one.concern, one.cluster) for one in found.findings] == [
        ("down", "ceph"),
        ("snapshot-late", None),
    ]
    (cluster,) = found.clusters
    assert cluster.checked_at == datetime(2026, 1, 1, 0, 9, 15, tzinfo=UTC)
    assert (cluster.journal_at, cluster.unsettled_seconds) == (None, 90)
    (queue,) = cluster.queues
    assert (queue.name, queue.ready, queue.held, queue.dead_letters) == ("repair", 2, 1, 4)
