"""get_replica: read a replica on this cluster's backend for another cluster."""

from base64 import b64encode
from typing import Any

from mcos.model.objects import Version
from mcos.replicas.read import ReplicaUnreadable, read_own_replica
from mcos.replicas.sign import sign_own_replica
from mcos.settings import settings


def get_replica(account: str, version: Version, first: int, last: int) -> dict[str, Any]:
    """Read bytes ``first`` to ``last``, inclusive.

    Returns
    -------
    ``{"content": base64}``, or ``{"reason", "damaged"}`` if the replica cannot be read.
    """
    try:
        content = read_own_replica(account, version, settings().cluster, first, last)
    except ReplicaUnreadable as error:
        return _refused(error)
    return {"content": b64encode(content).decode("ascii")}


def sign_replica(account: str, version: Version, *, filename: str | None) -> dict[str, Any]:
    """Sign a URL by which the replica can be read for a limited time.

    Returns
    -------
    ``{"url"}``, or ``{"reason", "damaged"}`` if the replica cannot be read.
    """
    try:
        return {"url": sign_own_replica(account, version, filename)}
    except ReplicaUnreadable as error:
        return _refused(error)


def _refused(error: ReplicaUnreadable) -> dict[str, Any]:
    return {"reason": str(error), "damaged": error.is_damaged}
