"""put_parts: write one large replica to this cluster's backend, in parts.

The backend keeps the progress: after a call that was cut off or ran out of time, the next call
lists the stored parts and writes the others.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from mcos import clock
from mcos.model.messages import PutResult, ReplicaToPut, Source
from mcos.model.parts import PartRange, part_ranges
from mcos.replicas.backend import once_more, own_backend, replica_key
from mcos.replicas.sealing import seal_identity
from mcos.replicas.source import READ_ERRORS, SourceMissing, open_part
from mcos.settings import settings
from mcos.storage import (
    Part,
    ReplicaConflict,
    ReplicaDigestMismatch,
    ReplicaNotFound,
    ReplicaStat,
    StorageBackend,
    StorageError,
)

_SIDE_BY_SIDE = 4


class _OutOfTime(Exception):
    """There is no time left for all parts; stored parts stay."""


def put_parts(replica: ReplicaToPut, content: Source, *, seconds: float) -> PutResult:
    """Write the missing parts, and join them once all are stored.

    Harmless to repeat. Memory is bounded: parts are streamed, four at a time.

    Parameters
    ----------
    replica
        The replica, whose ``part_size`` is greater than 0.
    content
        Where the bytes are: see ``mcos.replicas.source``.
    seconds
        Time after which no further part is begun.

    Returns
    -------
    The result, with a ``tag`` if the replica is stored, else with ``unfinished`` or a ``reason``.
    """
    key = replica_key(replica["account"], replica["version"], replica.get("incarnation", ""))
    until = clock.elapsed() + seconds
    written = _Progress()
    try:
        stat = _write(key, replica, content, until, written)
    except _OutOfTime:
        return {**_result(replica), "unfinished": True}
    except (ReplicaConflict, ReplicaDigestMismatch) as error:
        # The copy, or its source, is wrong: going on with it would end in the same way.
        return {**_failed(replica, error), "wrong": True}
    except (StorageError, SourceMissing, *READ_ERRORS) as error:
        if written.parts:
            return {**_result(replica), "unfinished": True}
        return _failed(replica, error)
    return {**_result(replica), "stored": True, "tag": stat.md5}


class _Progress:
    """Number of parts that a call has written."""

    parts = 0


def _write(
    key: str, replica: ReplicaToPut, content: Source, until: float, written: _Progress
) -> ReplicaStat:
    backend = own_backend(patient=True)
    if found := _found(backend, key, replica):
        return found
    told = {
        "content_type": replica["content_type"],
        "parts_md5": replica["parts_md5"],
        "identity": seal_identity(replica.get("identity", "")),
    }
    upload = backend.begin_parts(key, **told)
    parts = {part.number: part for part in backend.list_parts(key, upload)}
    wanted = list(part_ranges(replica["size"], replica["part_size"]))

    def put(one: PartRange) -> Part:
        if clock.elapsed() > until:
            raise _OutOfTime

        def send() -> Part:
            with closing(open_part(replica["account"], content, one.first, one.last)) as stream:
                return backend.put_part(key, upload, one.number, stream, size=one.size)

        part = once_more(send)
        written.parts += 1
        return part

    missing = [
        one for one in wanted if one.number not in parts or parts[one.number].size != one.size
    ]
    with ThreadPoolExecutor(max_workers=_SIDE_BY_SIDE) as pool:
        futures = [pool.submit(put, one) for one in missing]
        try:
            for future in futures:
                part = future.result()
                parts[part.number] = part
        finally:
            for future in futures:
                future.cancel()  # only those that have not begun
    return backend.complete_parts(key, upload, [parts[one.number] for one in wanted], **told)


def _found(backend: StorageBackend, key: str, replica: ReplicaToPut) -> ReplicaStat | None:
    """Return the replica if an earlier call has completed it, else None."""
    try:
        stat = backend.stat(key)
    except ReplicaNotFound:
        return None
    same = (stat.size, stat.parts_md5) == (replica["size"], replica["parts_md5"])
    return stat if same else None


def _failed(replica: ReplicaToPut, error: Exception) -> PutResult:
    detail = f": {error}" if isinstance(error, StorageError | SourceMissing) else ""
    return {**_result(replica), "reason": f"{type(error).__name__}{detail}"}


def _result(replica: ReplicaToPut) -> PutResult:
    incarnation = replica.get("incarnation", "")
    return {"cluster": settings().cluster, "incarnation": incarnation, "stored": False}
