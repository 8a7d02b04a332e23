"""repair_replica: what a cluster owes, one message of its repair queue at a time.

The messages are those of ``mcos.repair_queue``. One that cannot be done now stays in the queue.
"""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from mcos import disposal, staging
from mcos.backend import own_backend, replica_key
from mcos.catalog import objects
from mcos.catalog.clusters import all_clusters
from mcos.catalog.objects import Key
from mcos.model import Version
from mcos.reading import ReplicaUnreadable, read_replica
from mcos.settings import settings
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
        case {"action": "put", "account": account, "container": container} if "object" in message:
            return _put((account, container, message["object"]), message["version"])
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


def _put(key: Key, version_id: str) -> str:
    own = settings().cluster
    record = objects.get(key)
    version = record.find(version_id) if record else None
    if record is None or version is None or own not in version.replicas:
        # An earlier try may have stored it and died before its commit.
        own_backend().delete(replica_key(key[0], version_id))
        return "not wanted any more"
    if own in version.stored:
        if version.complete:
            disposal.unstage(version)
        return "stored already"
    replica = {
        "account": key[0],
        "version": version.id,
        "size": version.size,
        "md5": version.md5,
        "sha256": version.sha256,
        "content_type": version.content_type,
    }
    result = put_replica(replica, _content(key[0], version))
    if not result["stored"]:
        raise NotRepaired(result["reason"])
    _, outcome = commit_version(record, version, {own})
    return f"stored, {outcome}"


def _content(account: str, version: Version) -> dict[str, str]:
    """Where the bytes are: in another cluster's replica, else in staging."""
    for cluster in version.stored:
        try:
            content = read_replica(account, version, cluster, 0, version.size - 1)
        except ReplicaUnreadable:
            continue
        return {"inline": b64encode(content).decode("ascii")}
    if version.staged_at is None:
        raise NotRepaired("no replica can be read, and the content is not staged")
    bucket = all_clusters()[version.staged_at].staging_bucket
    return {"staging_bucket": bucket, "staging_key": staging.key_of(version.id)}
