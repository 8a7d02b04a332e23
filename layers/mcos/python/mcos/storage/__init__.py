"""Storage backends: where replicas are kept.

A backend is one bucket or container of one storage service, seen through names that are the same
for all of them (``StorageBackend``): ``kind``, ``put``, ``get``, ``stat``, ``delete``,
``signed_url``, ``list``, those for replicas in parts, and the exceptions. It keeps bytes under
keys, verifies them by digest both ways, never overwrites, bounds how long a service may keep it
waiting, and knows nothing of accounts, objects or the catalog.

>>> from mcos.storage import open_backend
>>> backend = open_backend("s3", {"region": "eu-central-1", "bucket": "replicas"})

Importing this package imports no SDK. ``EXTENDING.md`` beside this file says how to add a kind.
"""

from mcos.storage.contract import (
    KEY_BYTES,
    LIST_LIMIT,
    PARTS_LIMIT,
    SIGNED_URL_SECONDS,
    BackendMisconfigured,
    BackendRefused,
    BackendUnavailable,
    Content,
    Part,
    RangeNotSatisfiable,
    ReplicaConflict,
    ReplicaDigestMismatch,
    ReplicaNotFound,
    ReplicaPage,
    ReplicaReader,
    ReplicaStat,
    StorageBackend,
    StorageError,
    Timeouts,
    check_key,
)
from mcos.storage.kinds import BACKEND_KINDS, open_backend

__all__ = [
    "BACKEND_KINDS",
    "KEY_BYTES",
    "LIST_LIMIT",
    "PARTS_LIMIT",
    "SIGNED_URL_SECONDS",
    "BackendMisconfigured",
    "BackendRefused",
    "BackendUnavailable",
    "Content",
    "Part",
    "RangeNotSatisfiable",
    "ReplicaConflict",
    "ReplicaDigestMismatch",
    "ReplicaNotFound",
    "ReplicaPage",
    "ReplicaReader",
    "ReplicaStat",
    "StorageBackend",
    "StorageError",
    "Timeouts",
    "check_key",
    "open_backend",
]
