"""Storage backends, which keep the replicas.

A backend is one bucket or container of one storage service. All backends have the same interface
(``StorageBackend``) and raise the same exceptions. A backend keeps bytes under keys, verifies them
by digest in both directions, never overwrites, limits how long it waits for its service, and knows
nothing of accounts, objects or the catalog.

>>> from mcos.storage import open_backend
>>> backend = open_backend("s3", {"region": "eu-central-1", "bucket": "replicas"})

Importing this package imports no SDK. ``EXTENDING.md`` beside this file says how to add a kind.
"""

from mcos.storage.contract import (
    IDENTITY_CHARACTERS,
    KEY_BYTES,
    LIST_LIMIT,
    PARTS_LIMIT,
    SIGNED_URL_SECONDS,
    BackendMisconfigured,
    BackendRefused,
    BackendUnavailable,
    BegunPage,
    BegunParts,
    ByteStream,
    CredentialsRefused,
    Finding,
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
    "IDENTITY_CHARACTERS",
    "KEY_BYTES",
    "LIST_LIMIT",
    "PARTS_LIMIT",
    "SIGNED_URL_SECONDS",
    "BackendMisconfigured",
    "BackendRefused",
    "BackendUnavailable",
    "BegunPage",
    "BegunParts",
    "ByteStream",
    "CredentialsRefused",
    "Finding",
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
