"""Client of MCOS, the multi-cloud object store.

Example
-------
>>> from mcos_client import Client
>>> with Client(entry_point) as client:  # doctest: +SKIP
...     client.login("demo", "demo-password")
...     client.create_container("photos")
...     client.create_object("photos", "sea.jpg", content, content_type="image/jpeg")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcos_client.aio.client import AsyncClient
    from mcos_client.api.account import OwnAccount, Quota, Used
    from mcos_client.api.admin import (
        KEEP,
        Account,
        AccountPage,
        Cluster,
        ClusterHealth,
        Job,
    )
    from mcos_client.api.health import Health
    from mcos_client.api.models import (
        Container,
        ContainerPage,
        DeletedObject,
        DeletedPage,
        Download,
        Downloaded,
        ListedObject,
        LocatedReplica,
        ObjectPage,
        ObjectPlacement,
        ObjectStat,
        PendingVersion,
        PlacedCluster,
        Replica,
        Token,
        Written,
    )
    from mcos_client.api.policies import PolicyPart, StoragePolicy
    from mcos_client.api.scrubs import ObjectCheck, ObjectRepair, ReplicaCheck, Scrub
    from mcos_client.api.shares import Share, SharePage
    from mcos_client.api.status import ClusterStatus, Finding, QueueStatus, Status
    from mcos_client.api.uploads import Upload, UploadPage, UploadPart, UploadPut
    from mcos_client.api.writing import IfThere
    from mcos_client.client import Client
    from mcos_client.errors import (
        AccountExists,
        AccountNotFound,
        Busy,
        CatalogUnavailable,
        ClientClosed,
        ClusterInUse,
        ClusterNotFound,
        Conflict,
        ContainerNotEmpty,
        ContainerNotFound,
        ContentCorrupted,
        ContentTooLarge,
        DigestMismatch,
        InternalError,
        InvalidBody,
        InvalidCredentials,
        InvalidEntryPoint,
        InvalidHeader,
        InvalidMetadata,
        InvalidName,
        InvalidQuery,
        InvalidRequest,
        JobNotFound,
        LastAdmin,
        McosError,
        MethodNotAllowed,
        NotAuthenticated,
        NotEnoughClusters,
        NotFound,
        NotModified,
        NotPermitted,
        NotSent,
        NotSettled,
        NotUsable,
        ObjectChanged,
        ObjectExists,
        ObjectFailed,
        ObjectNotFound,
        ObjectNotReady,
        OutcomeUnknown,
        PolicyInUse,
        PolicyNotFound,
        PolicyUnmet,
        PreconditionFailed,
        QuotaExceeded,
        RangeNotSatisfiable,
        ReplicasUnavailable,
        ReplicationFailed,
        ReplyMixedUp,
        Retained,
        ShareNotFound,
        SourceChanged,
        StorageRefused,
        StorageUnreachable,
        Superseded,
        TokenExpired,
        TokenInvalid,
        TokenMissing,
        TokenRevoked,
        TooManyAttempts,
        TooManyRequests,
        TransferStopped,
        Unavailable,
        UnexpectedReply,
        UnknownStoragePolicy,
        Unreachable,
        UnsafePath,
        UnsafeTextBody,
        UploadIncomplete,
        UploadNotFound,
        UploadTaken,
    )
    from mcos_client.sending.bandwidth import Bandwidth
    from mcos_client.sending.clock import Clock
    from mcos_client.transfer.journal import Journal

__version__ = "0.1.0"

__all__ = [
    "KEEP",
    "Account",
    "AccountExists",
    "AccountNotFound",
    "AccountPage",
    "AsyncClient",
    "Bandwidth",
    "Busy",
    "CatalogUnavailable",
    "Client",
    "ClientClosed",
    "Clock",
    "Cluster",
    "ClusterHealth",
    "ClusterInUse",
    "ClusterNotFound",
    "ClusterStatus",
    "Conflict",
    "Container",
    "ContainerNotEmpty",
    "ContainerNotFound",
    "ContainerPage",
    "ContentCorrupted",
    "ContentTooLarge",
    "DeletedObject",
    "DeletedPage",
    "DigestMismatch",
    "Download",
    "Downloaded",
    "Finding",
    "Health",
    "IfThere",
    "InternalError",
    "InvalidBody",
    "InvalidCredentials",
    "InvalidEntryPoint",
    "InvalidHeader",
    "InvalidMetadata",
    "InvalidName",
    "InvalidQuery",
    "InvalidRequest",
    "Job",
    "JobNotFound",
    "Journal",
    "LastAdmin",
    "ListedObject",
    "LocatedReplica",
    "McosError",
    "MethodNotAllowed",
    "NotAuthenticated",
    "NotEnoughClusters",
    "NotFound",
    "NotModified",
    "NotPermitted",
    "NotSent",
    "NotSettled",
    "NotUsable",
    "ObjectChanged",
    "ObjectCheck",
    "ObjectExists",
    "ObjectFailed",
    "ObjectNotFound",
    "ObjectNotReady",
    "ObjectPage",
    "ObjectPlacement",
    "ObjectRepair",
    "ObjectStat",
    "OutcomeUnknown",
    "OwnAccount",
    "PendingVersion",
    "PlacedCluster",
    "PolicyInUse",
    "PolicyNotFound",
    "PolicyPart",
    "PolicyUnmet",
    "PreconditionFailed",
    "QueueStatus",
    "Quota",
    "QuotaExceeded",
    "RangeNotSatisfiable",
    "Replica",
    "ReplicaCheck",
    "ReplicasUnavailable",
    "ReplicationFailed",
    "ReplyMixedUp",
    "Retained",
    "Scrub",
    "Share",
    "ShareNotFound",
    "SharePage",
    "SourceChanged",
    "Status",
    "StoragePolicy",
    "StorageRefused",
    "StorageUnreachable",
    "Superseded",
    "Token",
    "TokenExpired",
    "TokenInvalid",
    "TokenMissing",
    "TokenRevoked",
    "TooManyAttempts",
    "TooManyRequests",
    "TransferStopped",
    "Unavailable",
    "UnexpectedReply",
    "UnknownStoragePolicy",
    "Unreachable",
    "UnsafePath",
    "UnsafeTextBody",
    "Upload",
    "UploadIncomplete",
    "UploadNotFound",
    "UploadPage",
    "UploadPart",
    "UploadPut",
    "UploadTaken",
    "Used",
    "Written",
]

_MODULES = (
    "errors",
    "api.policies",
    "api.models",
    "sending.clock",
    "sending.bandwidth",
    "api.uploads",
    "api.health",
    "api.account",
    "api.admin",
    "api.scrubs",
    "api.shares",
    "api.status",
    "transfer.journal",
    "api.writing",
    "client",
    "aio.client",
)
"""Where the names are, the quickest to import first: none is imported before it is used."""


def __getattr__(name: str) -> Any:
    if name in __all__:
        for module in _MODULES:
            found = getattr(import_module(f"mcos_client.{module}"), name, None)
            if found is not None:
                globals()[name] = found
                return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
