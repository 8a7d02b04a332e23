"""repair_replica: process the messages of a cluster's repair queue, one at a time.

``mcos.replicas.repair_queue`` defines the messages. A message that cannot be processed now stays in
the queue.
"""

from base64 import b64decode
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from mcos import clock, limits, staging
from mcos.catalog import objects
from mcos.catalog.registry import all_clusters, note_missed
from mcos.journal.files import FOLDER
from mcos.model import lifecycle
from mcos.model.messages import ReplicaToPut, Verified
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.model.running_digests import RunningDigests
from mcos.model.versions import Version
from mcos.replicas import repair_queue
from mcos.replicas.backend import (
    is_known,
    key_of,
    new_incarnation,
    own_backend,
    put_bytes,
    replica_key,
)
from mcos.replicas.read import ReplicaUnreadable, read_replica
from mcos.replicas.removals import brake, removals_are_held
from mcos.replicas.sign import sign_own_replica
from mcos.replicas.source import SourceMissing, source_of
from mcos.settings import settings
from mcos.storage import ReplicaNotFound, StorageError
from mcos.versions import dispose, execution, loans
from mcos.versions.commit import commit_version, distrust_sources
from mcos.versions.execution import replica_of
from mcos.workers.later import RemovalHeld, TryLater
from mcos.workers.put_replica import put_replica

_VERIFY_SECONDS = 30  # the function has 60
_PIECE_BYTES = 1024 * 1024

_PUT_TRIES = 5
"""After so many tries the sweeper brings a replica again, when its cluster is up."""

_LEFT = "left to the sweeper"

_DOWN_SECONDS = 1800


def repair_replica(message: Mapping[str, Any], *, tries: int = 1) -> str:
    """Process a message.

    Parameters
    ----------
    tries
        How often the message was received. A ``put`` is given up in the end: the record says that
        the replica is missing, and the sweeper finds it there.

    Returns
    -------
    What was done, for the log.

    Raises
    ------
    TryLater, StorageError, BotoCoreError, ClientError
        A later try may succeed.
    ValueError
        The message is malformed; it ends in the dead-letter queue.
    """
    if not isinstance(message, Mapping):
        raise ValueError("a message is a JSON object")
    action = message.get("action")
    if action in ("put", "verify", "remove", "file") and _is_down():
        if action == "put":
            return _LEFT
        if action == "file" and _is_old(message.get("key")):
            note_missed(settings().cluster)
            return "left to the next snapshot"
        raise TryLater("the backend is down", longest=_DOWN_SECONDS)
    try:
        return _process(message)
    except (TryLater, StorageError):
        if action == "put" and tries >= _PUT_TRIES:
            return _LEFT
        raise


def _is_down() -> bool:
    """Whether to spare the backend, and the time that waiting for it takes."""
    own = all_clusters().get(settings().cluster)
    return own is not None and not own.is_up


def _is_old(key: object) -> bool:
    """Whether a file is a segment from before the time at which a new snapshot has all of it."""
    written_at = clock.made_at(str(key).rpartition("/")[2].partition(".")[0])
    age = timedelta(seconds=limits.AWAY_SECONDS)
    return written_at is not None and clock.moment() - written_at > age


def _process(message: Mapping[str, Any]) -> str:
    match message:
        case {
            "action": "put" | "verify" as action,
            "account": str(account),
            "container": str(container),
            "object": str(name),
            "version": str(version),
        }:
            key = ObjectKey(account, container, name)
            return _restore(
                key,
                version,
                distrust=action == "verify",
                done=message.get("done"),
                renew=message.get("renew"),
            )
        case {"action": "remove", "account": str(account), "version": str(version)}:
            held = removals_are_held() or (brake() if message.get("why") else None)
            if held is not None:
                raise RemovalHeld(held, longest=_DOWN_SECONDS)
            incarnation = message.get("incarnation", "")
            _remove(account, version, incarnation, in_parts=message.get("in_parts", False))
            return "removed"
        case {
            "action": "unstage",
            "key": str(staged_key),
            "staged": str() | None as staged_version,
        }:
            staging.delete(staged_key, staged_version)
            return "unstaged"
        case {
            "action": "dispose",
            "account": str(account),
            "container": str(container),
            "object": str(name),
        }:
            dispose.dispose(objects.get(ObjectKey(account, container, name)))
            return "disposed"
        case {"action": "file", "key": str(file), "content": str(content)} if file.startswith(
            FOLDER
        ):
            put_bytes(own_backend(), file, b64decode(content, validate=True))
            return "written"
    raise ValueError(f"a message of action {message.get('action')!r} that nobody understands")


def _restore(
    key: ObjectKey,
    version_id: str,
    *,
    distrust: bool,
    done: Verified | None,
    renew: str | None,
) -> str:
    """Store this cluster's replica of a version; with ``distrust``, also check a stored one.

    A copy of the incarnation ``renew`` is written anew even if it is whole.
    """
    own = settings().cluster
    record = objects.get(key)
    version = record.find(version_id) if record else None
    if record is None or version is None or own not in version.replicas:
        return "not wanted any more"  # the record owed its removal, or owes it still
    replica = version.replicas[own]
    if replica.stored and not distrust:
        if version.is_complete:
            dispose.unstage(version)
        return "stored already"
    if replica.stored or not replica.incarnation:
        if replica.stored and renew == replica.incarnation:
            pass
        elif version.part_size > 0 and replica.stored:
            verified = _verify_in_parts(key, version, done)
            if verified is not None:
                return verified
        elif _is_whole(key.account, version):
            return "whole" if replica.stored else _commit(record, version)
        if version.stored == (own,):
            return "damaged, and the last"  # a later read tells of it again
        record, version = _replace(record, version)
    if version.part_size > 0:
        return _begin_in_parts(record, version)
    return _write(record, version)


def _replace(record: ObjectRecord, version: Version) -> tuple[ObjectRecord, Version]:
    """Have a new copy take the place of this cluster's damaged one, which stays until then."""
    if not is_known():
        raise TryLater("the backend as a whole has lost what was written to it")
    own, by = settings().cluster, new_incarnation()
    copy = version.replicas[own].incarnation
    changed = objects.change(
        record.key, lambda found: lifecycle.lose(found, version.id, own, copy=copy, by=by)
    )
    found = changed.find(version.id) if changed else None
    if changed is None or found is None or found.replicas[own].incarnation != by:
        raise TryLater("the object changed at the same time")
    return changed, found


def _write(record: ObjectRecord, version: Version) -> str:
    own = settings().cluster
    incarnation = version.replicas[own].incarnation
    try:
        replica: ReplicaToPut = {**replica_of(record.key, version), "incarnation": incarnation}
        result = put_replica(replica, source_of(loans.refreshed(record.account, version)))
    except SourceMissing as error:
        raise TryLater(str(error)) from error
    if result.get("wrong"):
        commit_version(record, version, {}, wrong={own: incarnation})
    if result.get("misread"):
        distrust_sources(record.key, version)
    if not result["stored"]:
        raise TryLater(result.get("reason", "not stored"))
    return _commit(record, version)


def _commit(record: ObjectRecord, version: Version) -> str:
    _, outcome = commit_version(record, version, version.copies([settings().cluster]))
    return f"stored, {outcome}"


def _begin_in_parts(record: ObjectRecord, version: Version) -> str:
    """Have a large replica written: only the state machine has the time."""
    if execution.is_running(version):
        raise TryLater("an execution writes parts of it")
    try:
        source = source_of(loans.refreshed(record.account, version))
    except SourceMissing as error:
        raise TryLater(str(error)) from error
    execution.start(
        execution.execution_input(
            record, version, mode="respond-async", source=source, targets=[settings().cluster]
        )
    )
    return "begun"


def _verify_in_parts(key: ObjectKey, version: Version, done: Verified | None) -> str | None:
    """Read a large replica and compare its digests, for as long as there is time.

    Another message goes on where this one ends.

    Returns
    -------
    What was done; None: the replica is damaged.
    """
    own = settings().cluster
    copy = version.replicas[own].incarnation
    running = RunningDigests(version.part_size)
    if done is not None and done["incarnation"] == copy:
        running = RunningDigests.from_json(done["digests"])
    until = clock.elapsed() + _VERIFY_SECONDS
    try:
        sign_own_replica(key.account, version, None)  # its size and tag are those it had
        backend = own_backend(patient=True)
        with backend.get(key_of(key.account, version, own), first=running.position) as reader:
            while clock.elapsed() < until and (piece := reader.read(_PIECE_BYTES)):
                running.update(piece)
    except ReplicaUnreadable as error:
        if error.is_damaged:
            return None
        raise TryLater(str(error)) from error
    except ReplicaNotFound:
        return None
    if running.position < version.size:
        verified: Verified = {"incarnation": copy, "digests": running.as_json()}
        message = repair_queue.verify_message(key, version.id, done=verified)
        repair_queue.send(settings().repair_queue_url, message)
        return "verified in part"
    return "whole" if running.finish().sha256 == version.sha256 else None


def _remove(account: str, version_id: str, incarnation: str, *, in_parts: bool) -> None:
    key = replica_key(account, version_id, incarnation)
    own_backend().delete(key)
    if in_parts:
        own_backend(patient=True).discard_parts(key)


def _is_whole(account: str, version: Version) -> bool:
    """Whether this cluster's replica is complete and unchanged."""
    try:
        read_replica(account, version, settings().cluster, 0, version.size - 1)
    except ReplicaUnreadable as error:
        if not error.is_damaged:
            raise TryLater(str(error)) from error
        return False
    return True
