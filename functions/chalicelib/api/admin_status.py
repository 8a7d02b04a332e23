"""admin_status: GET /v1/admin/status"""

from typing import Any

from chalicelib.shared.http import Request, Response
from chalicelib.shared.operators import by_method, operation
from mcos.admin.status import Status, get_status
from mcos.model.clusters import Cluster
from mcos.model.concerns import Finding, Watched


@operation("get_status")
def show(request: Request) -> Response:
    return Response.json(200, describe(get_status()))


def describe(status: Status) -> dict[str, Any]:
    """Return a status as JSON."""
    return {
        "well": not status.findings,
        "at": status.at,
        "findings": [_finding(one) for one in status.findings],
        "clusters": [
            _cluster(one, status.watched.get(name)) for name, one in sorted(status.clusters.items())
        ],
    }


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "concern": str(one.concern),
        "cluster": one.cluster,
        "reason": one.reason,
        "value": one.value,
    }


def _cluster(one: Cluster, watched: Watched | None) -> dict[str, Any]:
    return {
        "name": one.name,
        "state": str(one.state),
        "healthy": one.health.healthy,
        "checked_at": one.health.checked_at,
        "journal_at": one.health.journal_at,
        "watched_at": watched and watched.at,
        "queues": [
            {
                "name": name,
                "ready": queue.ready,
                "held": queue.held,
                "busy_since": queue.busy_since,
                "dead_letters": watched.dead_letters.get(name, 0),
            }
            for name, queue in sorted(watched.queues.items())
        ]
        if watched
        else [],
        "unsettled_seconds": watched.unsettled_seconds if watched else 0,
        "missing_seconds": watched.missing_seconds if watched else 0,
    }


handle = by_method({"GET": show})
