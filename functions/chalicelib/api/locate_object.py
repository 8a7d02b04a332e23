"""locate_object: GET /v1/containers/{container}/placement/{object+}"""

from typing import Any

from chalicelib.shared.endpoint import endpoint
from chalicelib.shared.http import Request, Response
from chalicelib.shared.storage_policy import describe
from mcos.calls.locate_object import Location, locate_object
from mcos.placement.explanation import Explanation


@endpoint("locate_object", only_reads=True)
def handle(request: Request) -> Response:
    key = request.object_key()
    location = locate_object(key)
    body = {
        "name": key.name,
        "container": key.container,
        "storage_policy": describe(location.policy),
        "version": location.version and location.version.id,
        "replicas": _replicas(location),
        "placement": [_explained(one) for one in location.placement],
    }
    return Response.json(200, body)


def _replicas(location: Location) -> list[dict[str, Any]]:
    held = location.version.replicas if location.version else {}
    found = [(name, replica, location.clusters.get(name)) for name, replica in held.items()]
    return [
        {
            "cluster": name,
            "backend": replica.backend,
            "provider": cluster and cluster.provider,
            "location": cluster and cluster.location,
            "state": replica.progress,
        }
        for name, replica, cluster in found
    ]


def _explained(one: Explanation) -> dict[str, Any]:
    cluster = one.cluster
    return {
        "cluster": cluster.name,
        "role": one.role.value,
        "part": one.part,
        "score": one.score,
        "reason": one.reason,
        "provider": cluster.provider,
        "location": cluster.location,
        "labels": dict(cluster.labels),
        "state": cluster.state.value,
    }
