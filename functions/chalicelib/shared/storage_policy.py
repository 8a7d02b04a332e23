"""Storage policies: named by ``X-Storage-Policy``, and told of as JSON."""

from typing import Any

from chalicelib.shared.http import Request
from mcos.errors import UnknownStoragePolicy
from mcos.model.clusters import StoragePolicy
from mcos.model.names import is_policy_name


def storage_policy(request: Request) -> str | None:
    """The policy that a request names, None if it names none.

    Raises
    ------
    UnknownStoragePolicy
        No policy can have that name.
    """
    name = request.headers.get("x-storage-policy")
    if name is not None and not is_policy_name(name):
        raise UnknownStoragePolicy("X-Storage-Policy is 1 to 64 of a-z 0-9 -.")
    return name


def described(policy: StoragePolicy) -> dict[str, Any]:
    """A policy as JSON."""
    return {
        "name": policy.name,
        "parts": [
            {"replicas": part.replicas, "must": dict(part.must), "should": dict(part.should)}
            for part in policy.parts
        ],
        "readable": policy.readable,
    }
