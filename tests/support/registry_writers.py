"""What a function may write of the registry, item by item, held in process as AWS holds it.

AWS refuses by ``dynamodb:LeadingKeys`` what a role's condition does not name; the emulator does not
know that key. ``tests/infrastructure/test_iam.py`` has the same table for the deployed conditions.
"""

import json
from typing import Any

REGISTRY_WRITERS: dict[str, set[str]] = {
    "admin_accounts": {"revocation"},
    "admin_clusters": {"cluster", "health", "journal", "operator", "unlinked", "watched"},
    "admin_jobs": {"job", "operator"},
    "admin_policies": {"policy"},
    "check_health": {"deployment", "health"},
    "login": {"revocation"},
    "repair_replica": {"journal", "removals"},
    "run_jobs": {
        "cluster",
        "health",
        "job",
        "journal",
        "operator",
        "removals",
        "revocation",
        "unlinked",
        "watched",
    },
    "watch_cluster": {"watched"},
    "write_journal": {"journal", "quotas"},
    "write_snapshot": {"journal", "quotas"},
}
"""Kinds of items that a function writes; the others write none."""

_WRITES = ("DeleteItem", "PutItem", "UpdateItem")


class NotGranted(AssertionError):
    """AWS would refuse this call."""


def check(function: str, operation: str, asked: bytes) -> None:
    """Refuse what AWS would refuse.

    Parameters
    ----------
    function
        Name of the function that calls.
    operation
        Name of the call of DynamoDB.
    asked
        Its body.

    Raises
    ------
    NotGranted
    """
    if operation not in _WRITES:
        return
    request: dict[str, Any] = json.loads(asked)
    if not request["TableName"].endswith("-registry"):
        return
    kind = (request.get("Key") or request["Item"])["kind"]["S"]
    if kind not in REGISTRY_WRITERS.get(function, set()):
        raise NotGranted(f"{function} may not {operation} items of the kind {kind!r}")
