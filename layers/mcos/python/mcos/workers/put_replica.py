"""put_replica: write one replica of a version to this cluster's backend, verified."""

from collections.abc import Mapping
from typing import Any

from mcos.replicas.backend import own_backend, replica_key
from mcos.replicas.source import READ_ERRORS, Source, SourceMissing, open_source
from mcos.settings import settings
from mcos.storage import StorageError


def put_replica(replica: Mapping[str, Any], content: Source) -> dict[str, Any]:
    """Write a replica. Harmless to repeat: an existing replica is only verified.

    Parameters
    ----------
    replica
        ``account``, ``version``, ``size`` (bytes), ``md5`` (hexadecimal), ``sha256`` (base64),
        ``content_type``.
    content
        Where the bytes are: see ``mcos.replicas.source``.

    Returns
    -------
    ``{"cluster", "stored": true}``, or ``{"cluster", "stored": false, "reason"}``. A failure is a
    value instead of an exception, so that the state machine can branch on it.
    """
    try:
        with open_source(replica["account"], content) as stream:
            own_backend().put(
                replica_key(replica["account"], replica["version"]),
                stream,
                size=replica["size"],
                md5=replica["md5"],
                sha256=replica["sha256"],
                content_type=replica["content_type"],
            )
    except SourceMissing as error:
        return _result(reason=f"SourceMissing: {error}")
    except StorageError as error:
        return _result(reason=f"{type(error).__name__}: {error}")
    except READ_ERRORS as error:
        return _result(reason=f"source or secrets: {type(error).__name__}")
    return _result()


def _result(reason: str | None = None) -> dict[str, Any]:
    result: dict[str, Any] = {"cluster": settings().cluster, "stored": reason is None}
    return result if reason is None else {**result, "reason": reason}
