"""Storage policies in requests (``X-Storage-Policy``) and in replies (JSON)."""

from typing import Any

from chalicelib.shared.http import Request
from mcos.errors import UnknownStoragePolicy
from mcos.model.clusters import StoragePolicy
from mcos.model.names import is_policy_name


def read_storage_policy(request: Request) -> str | None:
    """Return the name of the storage policy in a request, None if there is none.

    Raises
    ------
    UnknownStoragePolicy
        The name is not a valid name of a policy.
    """
    name = request.headers.get("x-storage-policy")
    if name is not None and not is_policy_name(name):
        raise UnknownStoragePolicy("X-Storage-Policy must have 1 to 64 characters of a-z 0-9 -.")
    return name


def describe(policy: StoragePolicy) -> dict[str, Any]:
    """Return a policy as JSON."""
    return {
        "name": policy.name,
        "parts": [
            {"replicas": part.replicas, "must": dict(part.must), "should": dict(part.should)}
            for part in policy.parts
        ],
        "readable": policy.readable,
    }
