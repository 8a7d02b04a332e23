"""admin_clusters: the calls under /v1/admin/clusters"""

from collections.abc import Mapping
from typing import Any

from chalicelib.shared import job_reply
from chalicelib.shared.http import Request, Response
from chalicelib.shared.json_body import fields, flag, number, one_of, or_null, text, texts
from chalicelib.shared.operators import dispatch, operation
from mcos import limits
from mcos.admin import clusters
from mcos.model.clusters import Cluster, ClusterState

_ROW = {
    "entry_point": text,
    "backend": text,
    "provider": text,
    "location": text,
    "labels": texts,
    "weight": number,
    "put_replica": text,
    "put_parts": text,
    "get_replica": text,
    "repair_queue_url": text,
    "staging_bucket": text,
}
_WORD = {
    "state": or_null(one_of(ClusterState, *(set(ClusterState) - {ClusterState.LOST}))),
    "weight": or_null(number),
    "labels": or_null(texts),
    "removals_held": or_null(flag),
}


@operation("list_clusters")
def list_clusters(request: Request) -> Response:
    return Response.json(200, {"clusters": [_describe(one) for one in clusters.list_clusters()]})


@operation("link_cluster")
def link_cluster(request: Request) -> Response:
    row = Cluster(request.name("cluster"), **fields(request, _ROW))
    cluster, made = clusters.link_cluster(row)
    return Response.json(201 if made else 200, _describe(cluster))


@operation("change_cluster")
def change_cluster(request: Request) -> Response:
    changes = fields(request, optional=_WORD)
    return Response.json(200, _describe(clusters.change_cluster(request.name("cluster"), changes)))


@operation("drain_cluster")
def drain_cluster(request: Request) -> Response:
    asked = fields(request, optional={"rate": number})
    job = clusters.drain_cluster(request.name("cluster"), rate=asked.get("rate", limits.JOB_RATE))
    return Response.json(202, job_reply.describe(job))


@operation("lose_cluster")
def lose_cluster(request: Request) -> Response:
    asked = fields(request, optional={"rate": number})
    job = clusters.lose_cluster(request.name("cluster"), rate=asked.get("rate", limits.JOB_RATE))
    return Response.json(202, job_reply.describe(job))


@operation("unlink_cluster")
def unlink_cluster(request: Request) -> Response:
    clusters.unlink_cluster(request.name("cluster"))
    return Response(204)


def _begin_job(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Drain the cluster, or declare it lost: these calls differ in the last part of the path."""
    is_lost = event["rawPath"].endswith("/lose")
    return (lose_cluster if is_lost else drain_cluster)(event, context)


handle = dispatch(
    {
        ("GET", None): list_clusters,
        ("PUT", "cluster"): link_cluster,
        ("PATCH", "cluster"): change_cluster,
        ("POST", "cluster"): _begin_job,
        ("DELETE", "cluster"): unlink_cluster,
    }
)


def _describe(cluster: Cluster) -> dict[str, Any]:
    health = cluster.health
    return {
        "name": cluster.name,
        "entry_point": cluster.entry_point,
        "backend": cluster.backend,
        "provider": cluster.provider,
        "location": cluster.location,
        "labels": dict(cluster.labels),
        "weight": cluster.weight,
        "state": cluster.state.value,
        "operator_state": cluster.operator_state and cluster.operator_state.value,
        "removals_held": cluster.removals_held,
        "health": {
            "healthy": health.healthy,
            "checked_at": health.checked_at,
            "read_ms": health.read_ms,
            "reason": health.reason,
            "removals_held": health.removals_held,
            "journal_at": health.journal_at,
            "refusals": list(health.refusals),
            "warnings": list(health.warnings),
        },
    }
