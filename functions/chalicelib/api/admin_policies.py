"""admin_policies: the calls under /v1/admin/policies"""

from typing import Any

from chalicelib.shared.http import Request, Response
from chalicelib.shared.json_body import fields, listed, record, texts, whole
from chalicelib.shared.operators import dispatch, operation
from chalicelib.shared.storage_policy import describe
from mcos.admin import policies
from mcos.model.clusters import PolicyPart, StoragePolicy


@operation("list_policies")
def list_policies(request: Request) -> Response:
    return Response.json(200, {"policies": [describe(one) for one in policies.list_policies()]})


@operation("set_policy")
def set_policy(request: Request) -> Response:
    policy = _policy(request)
    made = policies.set_policy(policy)
    return Response.json(201 if made else 200, describe(policy))


@operation("delete_policy")
def delete_policy(request: Request) -> Response:
    policies.delete_policy(request.name("policy"))
    return Response(204)


handle = dispatch(
    {
        ("GET", None): list_policies,
        ("PUT", "policy"): set_policy,
        ("DELETE", "policy"): delete_policy,
    }
)


def _policy(request: Request) -> StoragePolicy:
    said = fields(request, {"parts": listed(_part)}, {"readable": whole})
    parts = tuple(said["parts"])
    more_than_half = sum(part.replicas for part in parts) // 2 + 1
    return StoragePolicy(request.name("policy"), parts, said.get("readable", more_than_half))


def _part(value: Any, where: str) -> PolicyPart:
    return PolicyPart(**record(value, where, {"replicas": whole}, {"must": texts, "should": texts}))
