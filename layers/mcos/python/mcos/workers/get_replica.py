"""get_replica: read a replica on this cluster's backend for another cluster."""

from base64 import b64encode

from mcos.model.messages import ReadResult
from mcos.model.versions import Version
from mcos.replicas.read import ReplicaUnreadable, read_own_replica
from mcos.replicas.sign import sign_own_replica
from mcos.settings import settings


def get_replica(account: str, version: Version, first: int, last: int) -> ReadResult:
    """Read bytes ``first`` to ``last``, inclusive.

    Returns
    -------
    ``content``, or ``reason`` and ``damaged`` if the replica cannot be read.
    """
    try:
        content = read_own_replica(account, version, settings().cluster, first, last)
    except ReplicaUnreadable as error:
        return _refused(error)
    return {"content": b64encode(content).decode("ascii")}


def sign_replica(account: str, version: Version, *, filename: str | None) -> ReadResult:
    """Sign a URL by which the replica can be read for a limited time.

    Returns
    -------
    ``url``, or ``reason`` and ``damaged`` if the replica cannot be read.
    """
    try:
        return {"url": sign_own_replica(account, version, filename)}
    except ReplicaUnreadable as error:
        return _refused(error)


def _refused(error: ReplicaUnreadable) -> ReadResult:
    return {"reason": str(error), "damaged": error.is_damaged}
