"""repair_replica: process the messages of a cluster's repair queue, one at a time.

``mcos.replicas.repair_queue`` defines the messages. A message that cannot be processed now stays in
the queue.
"""

from collections.abc import Mapping
from typing import Any

from mcos import staging
from mcos.catalog import objects
from mcos.model import lifecycle
from mcos.model.objects import ObjectKey, ObjectRecord, Version
from mcos.replicas.backend import own_backend, replica_key
from mcos.replicas.read import ReplicaUnreadable, read_replica
from mcos.replicas.sign import sign_own_replica
from mcos.replicas.source import SourceMissing, source_of
from mcos.settings import settings
from mcos.versions import dispose, execution
from mcos.versions.commit import commit_version
from mcos.versions.execution import replica_of
from mcos.workers.put_replica import put_replica


class NotRepaired(Exception):
    """The repair cannot be done now; the message stays in the queue."""


def repair_replica(message: Mapping[str, Any]) -> str:
    """Process a message.

    Returns
    -------
    What was done, for the log.

    Raises
    ------
    NotRepaired, StorageError, BotoCoreError, ClientError
        A later try may succeed.
    ValueError
        The message is malformed; it ends in the dead-letter queue.
    """
    match message:
        case {
            "action": "put" | "verify" as action,
            "account": account,
            "container": container,
            "object": name,
            "version": version,
        }:
            key = ObjectKey(account, container, name)
            in_parts = message.get("in_parts", False)
            return _restore(key, version, distrust=action == "verify", in_parts=in_parts)
        case {"action": "remove", "account": account, "version": version}:
            _remove(account, version, in_parts=message.get("in_parts", False))
            return "removed"
        case {"action": "unstage", "key": staged_key, "staged": staged_version}:
            staging.delete(staged_key, staged_version)
            return "unstaged"
        case {"action": "dispose", "account": account, "container": container, "object": name}:
            dispose.dispose(objects.get(ObjectKey(account, container, name)))
            return "disposed"
    raise ValueError(f"unknown action {message.get('action')!r}")


def _restore(key: ObjectKey, version_id: str, *, distrust: bool, in_parts: bool) -> str:
    """Store this cluster's replica of a version; with ``distrust``, also check a stored one."""
    own = settings().cluster
    record = objects.get(key)
    version = record.find(version_id) if record else None
    if record is None or version is None or own not in version.replicas:
        # An earlier try may have stored the replica and ended before its commit.
        _remove(key.account, version_id, in_parts=in_parts)
        return "not wanted any more"
    if own in version.stored and not distrust:
        if version.is_complete:
            dispose.unstage(version)
        return "stored already"
    if version.part_size > 0:
        return _restore_in_parts(record, version)
    if _is_whole(key.account, version):
        if own in version.stored:
            return "whole"
    else:
        record = objects.change(key, lambda found: lifecycle.lose(found, version_id, own))
        version = record.find(version_id) if record else None
        if record is None or version is None:
            raise NotRepaired("the object changed at the same time")
        _write_anew(key.account, version)
    _, outcome = commit_version(record, version, {own})
    return f"stored, {outcome}"


def _restore_in_parts(record: ObjectRecord, version: Version) -> str:
    """As ``_restore`` for a large replica, which only the state machine has the time to write."""
    own = settings().cluster
    if own in version.stored:
        try:
            sign_own_replica(record.account, version, None)
            return "as it was stored"
        except ReplicaUnreadable as error:
            if not error.is_damaged:
                raise NotRepaired(str(error)) from error
        _remove(record.account, version.id, in_parts=True)
    if execution.is_running(version):
        raise NotRepaired("an execution writes parts of it")
    changed = objects.change(record.key, lambda found: lifecycle.lose(found, version.id, own))
    found = changed.find(version.id) if changed else None
    if changed is None or found is None:
        raise NotRepaired("the object changed at the same time")
    try:
        source = source_of(found)
    except SourceMissing as error:
        raise NotRepaired(str(error)) from error
    execution.start(
        execution.execution_input(
            changed, found, mode="respond-async", source=source, targets=[own]
        )
    )
    return "begun"


def _remove(account: str, version_id: str, *, in_parts: bool) -> None:
    key = replica_key(account, version_id)
    own_backend().delete(key)
    if in_parts:
        own_backend(patient=True).discard_parts(key)


def _is_whole(account: str, version: Version) -> bool:
    """Whether this cluster's replica is complete and unchanged."""
    try:
        read_replica(account, version, settings().cluster, 0, version.size - 1)
    except ReplicaUnreadable as error:
        if not error.is_damaged:
            raise NotRepaired(str(error)) from error
        return False
    return True


def _write_anew(account: str, version: Version) -> None:
    # Delete it first: a key is written once, and a service may still report the digest of bytes
    # that it has damaged.
    own_backend().delete(replica_key(account, version.id))
    try:
        result = put_replica(replica_of(account, version), source_of(version))
    except SourceMissing as error:
        raise NotRepaired(str(error)) from error
    if not result["stored"]:
        raise NotRepaired(result.get("reason", "not stored"))
