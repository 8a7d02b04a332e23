"""put_replica: write one replica of a version to this cluster's backend, verified."""

from mcos.model.messages import PutResult, ReplicaToPut, Source
from mcos.replicas.backend import once_more, own_backend, replica_key
from mcos.replicas.sealing import seal_identity
from mcos.replicas.source import READ_ERRORS, SourceMissing, open_source
from mcos.settings import settings
from mcos.storage import ReplicaConflict, ReplicaDigestMismatch, StorageError


def put_replica(replica: ReplicaToPut, content: Source) -> PutResult:
    """Write a copy. Harmless to repeat: an existing copy is only verified.

    Parameters
    ----------
    replica
        The replica, in one piece.
    content
        Where the bytes are: see ``mcos.replicas.source``.

    Returns
    -------
    The result. A failure is a value instead of an exception, so that the state machine can branch
    on it.
    """

    def put() -> None:
        with open_source(replica["account"], content) as stream:
            own_backend().put(
                replica_key(replica["account"], replica["version"], replica.get("incarnation", "")),
                stream,
                size=replica["size"],
                md5=replica["md5"],
                sha256=replica["sha256"],
                content_type=replica["content_type"],
                identity=seal_identity(replica.get("identity", "")),
            )

    try:
        once_more(put)
    except SourceMissing as error:
        return _result(replica, reason=f"SourceMissing: {error}")
    except ReplicaDigestMismatch as error:
        return {**_result(replica, reason=f"ReplicaDigestMismatch: {error}"), "misread": True}
    except ReplicaConflict as error:
        return {**_result(replica, reason=f"ReplicaConflict: {error}"), "wrong": True}
    except StorageError as error:
        return _result(replica, reason=f"{type(error).__name__}: {error}")
    except READ_ERRORS as error:
        return _result(replica, reason=f"source or secrets: {type(error).__name__}")
    return _result(replica)


def _result(replica: ReplicaToPut, reason: str | None = None) -> PutResult:
    result: PutResult = {
        "cluster": settings().cluster,
        "incarnation": replica.get("incarnation", ""),
        "stored": reason is None,
    }
    if reason is not None:
        result["reason"] = reason
    return result
