"""This cluster's own backend, the only one whose credentials its functions can read."""

import json
from functools import lru_cache

from mcos.aws import secret
from mcos.settings import settings
from mcos.storage import StorageBackend, Timeouts, open_backend

# Ends within seven seconds, and one request more for a token: less than the state machine's nine
# for put_replica, and than what another cluster waits for get_replica.
_TIMEOUTS = Timeouts(connect_seconds=1, read_seconds=5)


# For large replicas nobody waits, and a service takes its time to join thousands of parts.
_PATIENT = Timeouts(connect_seconds=2, read_seconds=60)


@lru_cache(maxsize=2)
def own_backend(*, patient: bool = False) -> StorageBackend:
    """The backend, opened once in the life of a warm function; ``patient`` for large replicas."""
    return open_backend(
        settings().backend,
        json.loads(secret(settings().backend_secret)),
        _PATIENT if patient else _TIMEOUTS,
    )


def replica_key(account: str, version_id: str) -> str:
    """Key of a version's replica, the same on every backend."""
    return f"{account}/{version_id}"
