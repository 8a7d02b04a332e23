"""This cluster's own backend, the only one whose credentials its functions can read."""

import json
from functools import lru_cache

from mcos.aws import secret
from mcos.settings import settings
from mcos.storage import StorageBackend, Timeouts, open_backend

# A call fails within seven seconds, plus one request for a token: less than the nine seconds that
# the state machine gives put_replica, and that another cluster waits for get_replica.
_TIMEOUTS = Timeouts(connect_seconds=1, read_seconds=5)


# No caller waits for large replicas, and a service needs time to join thousands of parts.
_PATIENT = Timeouts(connect_seconds=2, read_seconds=60)


@lru_cache(maxsize=2)
def own_backend(*, patient: bool = False) -> StorageBackend:
    """Return the backend, opened once in the life of a warm function.

    Parameters
    ----------
    patient
        Whether to use longer timeouts, for large replicas.

    Raises
    ------
    BackendMisconfigured, BotoCoreError, ClientError
    """
    return open_backend(
        settings().backend,
        json.loads(secret(settings().backend_secret)),
        _PATIENT if patient else _TIMEOUTS,
    )


def replica_key(account: str, version_id: str) -> str:
    """Return the key of a version's replica, which is the same on every backend."""
    return f"{account}/{version_id}"
