"""This cluster's own backend, the only one whose credentials its functions can read."""

import json
from functools import lru_cache
from io import BytesIO
from secrets import token_hex

from mcos.aws import secret
from mcos.catalog.registry import all_clusters
from mcos.model.clusters import ClusterState
from mcos.model.digests import digests_of
from mcos.model.versions import Version
from mcos.settings import settings
from mcos.storage import ReplicaNotFound, StorageBackend, Timeouts, open_backend

# A call fails within seven seconds, plus one request for a token: less than the nine seconds that
# the state machine gives put_replica, and that another cluster waits for get_replica.
_TIMEOUTS = Timeouts(connect_seconds=1, read_seconds=5)


# No caller waits for large replicas, and a service needs time to join thousands of parts.
_PATIENT = Timeouts(connect_seconds=2, read_seconds=60)


def own_backend(*, patient: bool = False) -> StorageBackend:
    """Return the backend, opened once with the same credentials.

    Parameters
    ----------
    patient
        Whether to use longer timeouts, for large replicas.

    Raises
    ------
    BackendMisconfigured, BotoCoreError, ClientError
    """
    return _opened(settings().backend, secret(settings().backend_secret), patient)


@lru_cache(maxsize=2)
def _opened(kind: str, secret_text: str, patient: bool) -> StorageBackend:
    return open_backend(kind, json.loads(secret_text), _PATIENT if patient else _TIMEOUTS)


def forget() -> None:
    """Open the backend anew when it is used next."""
    _opened.cache_clear()


MARKER = "~health/marker"
"""Key of what the health check leaves on a backend, to know it again. No account has this name."""


def is_known() -> bool:
    """Whether this cluster's backend is the one that was written to, as far as that was marked.

    Another bucket, or one that has lost everything, answers 404 for each replica: no replica is
    damaged then. An operator who sets the cluster ACTIVE says that it is to be written anew.

    Raises
    ------
    StorageError, BotoCoreError, ClientError
    """
    own = all_clusters().get(settings().cluster)
    if own is None or not own.health.marked or own.operator_state is ClusterState.ACTIVE:
        return True
    try:
        own_backend().stat(MARKER)
    except ReplicaNotFound:
        return False
    return True


def mark(backend: StorageBackend) -> None:
    """Leave the marker on this cluster's backend, by which it is known again.

    Raises
    ------
    StorageError
    """
    put_bytes(backend, MARKER, settings().cluster.encode())


def put_bytes(backend: StorageBackend, key: str, content: bytes) -> None:
    """Put what is no object's replica: a probe, a marker, a file of the journal.

    Raises
    ------
    StorageError
    """
    digests = digests_of(content)
    backend.put(
        key,
        BytesIO(content),
        size=len(content),
        md5=digests.md5,
        sha256=digests.sha256,
        content_type="application/octet-stream",
    )


def new_incarnation() -> str:
    """Return the identity of a copy that is to be written: 16 random hexadecimal digits."""
    return token_hex(8)


def replica_key(account: str, version_id: str, incarnation: str) -> str:
    """Return the key of a copy of a version on a backend.

    Parameters
    ----------
    incarnation
        Empty: the copy was written by release 0.1.0.
    """
    return f"{account}/{version_id}/{incarnation}" if incarnation else f"{account}/{version_id}"


def key_of(account: str, version: Version, cluster: str) -> str:
    """Return the key of the version's replica on a cluster's backend."""
    return replica_key(account, version.id, version.replicas[cluster].incarnation)
