"""repair_replica: what a cluster owes, one message of its repair queue at a time.

The messages are those of ``mcos.repair_queue``. One that cannot be done now stays in the queue.
"""

from collections.abc import Mapping
from typing import Any

from mcos import disposal, lifecycle, staging
from mcos.backend import own_backend, replica_key
from mcos.catalog import objects
from mcos.catalog.objects import Key
from mcos.model import Version
from mcos.reading import ReplicaUnreadable, read_replica
from mcos.replication import replica_of
from mcos.settings import settings
from mcos.sources import SourceMissing, source_of
from mcos.workers.commit_version import commit_version
from mcos.workers.put_replica import put_replica


class NotRepaired(Exception):
    """It could not be done now; the message stays in the queue."""


def repair_replica(message: Mapping[str, Any]) -> str:
    """Do what a message says.

    Returns
    -------
    What was done, for the log.

    Raises
    ------
    NotRepaired
        Or ``StorageError`` and botocore's errors: try again later.
    ValueError
        The message is none that this function knows; it ends in the dead-letter queue.
    """
    match message:
        case {
            "action": "put" | "verify" as action,
            "account": account,
            "container": container,
            "object": name,
            "version": version,
        }:
            return _restore((account, container, name), version, distrust=action == "verify")
        case {"action": "remove", "account": account, "version": version}:
            own_backend().delete(replica_key(account, version))
            return "removed"
        case {"action": "unstage", "version": version}:
            staging.delete(version)
            return "unstaged"
        case {"action": "dispose", "account": account, "container": container, "object": name}:
            disposal.dispose(objects.get((account, container, name)))
            return "disposed"
    raise ValueError(f"unknown action {message.get('action')!r}")


def _restore(key: Key, version_id: str, *, distrust: bool) -> str:
    """Have this cluster's replica of a version whole; ``distrust`` a record that says it is."""
    own = settings().cluster
    record = objects.get(key)
    version = record.find(version_id) if record else None
    if record is None or version is None or own not in version.replicas:
        # An earlier try may have stored it and died before its commit.
        own_backend().delete(replica_key(key[0], version_id))
        return "not wanted any more"
    if own in version.stored and not distrust:
        if version.complete:
            disposal.unstage(version)
        return "stored already"
    if _is_whole(key[0], version):
        if own in version.stored:
            return "whole"
    else:
        record = objects.change(key, lambda found: lifecycle.lose(found, version_id, own))
        version = record.find(version_id) if record else None
        if record is None or version is None:
            raise NotRepaired("the object changed at the same time")
        _write_anew(key[0], version)
    _, outcome = commit_version(record, version, {own})
    return f"stored, {outcome}"


def _is_whole(account: str, version: Version) -> bool:
    """Whether every byte of this cluster's replica is there and right."""
    try:
        read_replica(account, version, settings().cluster, 0, version.size - 1)
    except ReplicaUnreadable as error:
        if not error.damaged:
            raise NotRepaired(str(error)) from error
        return False
    return True


def _write_anew(account: str, version: Version) -> None:
    # Keys are written once, and a service may believe in the digest of what it has damaged.
    own_backend().delete(replica_key(account, version.id))
    try:
        result = put_replica(replica_of(account, version), source_of(version))
    except SourceMissing as error:
        raise NotRepaired(str(error)) from error
    if not result["stored"]:
        raise NotRepaired(result["reason"])
