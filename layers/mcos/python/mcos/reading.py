"""Reading a replica's bytes, here or through the cluster that holds them, verified."""

import json
from base64 import b64decode

from mcos.aws import AWS_ERRORS, client
from mcos.backend import own_backend, replica_key
from mcos.catalog.clusters import all_clusters
from mcos.digests import digests_of
from mcos.model import Version
from mcos.settings import settings
from mcos.storage import StorageError

# Longer than get_replica's own worst case with its backend, shorter than download_object's.
_REMOTE_SECONDS = 9


class ReplicaUnreadable(Exception):
    """This replica cannot be read now, or is not what was stored; another one may do."""


def read_replica(account: str, version: Version, cluster: str, first: int, last: int) -> bytes:
    """Bytes ``first`` to ``last`` (inclusive) of a replica; one network call.

    Whole contents are verified by SHA-256 before they are returned; of a part, the replica's MD5
    as its service keeps it has to agree.

    Raises
    ------
    ReplicaUnreadable
    """
    read = read_own_replica if cluster == settings().cluster else _read_remote_replica
    content = read(account, version, cluster, first, last)
    if len(content) != last - first + 1:
        raise ReplicaUnreadable(f"{cluster}: {len(content)} bytes of {last - first + 1}")
    if len(content) == version.size and digests_of(content).sha256 != version.sha256:
        raise ReplicaUnreadable(f"{cluster}: the digest does not agree")
    return content


def read_own_replica(account: str, version: Version, cluster: str, first: int, last: int) -> bytes:
    """As ``read_replica`` from this cluster's backend, before the whole is verified."""
    key = replica_key(account, version.id)
    whole = last - first + 1 == version.size
    try:
        with own_backend().get(
            key, first=None if whole else first, last=None if whole else last
        ) as reader:
            if reader.stat.md5 != version.md5:
                raise ReplicaUnreadable(f"{cluster}: the service has another digest")
            return reader.read()
    except StorageError as error:
        raise ReplicaUnreadable(f"{cluster}: {error}") from error
    except AWS_ERRORS as error:
        raise ReplicaUnreadable(f"{cluster}: secret: {type(error).__name__}") from error


def _read_remote_replica(
    account: str, version: Version, cluster: str, first: int, last: int
) -> bytes:
    if (target := all_clusters().get(cluster)) is None:
        raise ReplicaUnreadable(f"{cluster}: not in the registry")
    request = {"account": account, "version": version.as_json(), "first": first, "last": last}
    try:
        reply = client("lambda", read_seconds=_REMOTE_SECONDS, tries=1).invoke(
            FunctionName=target.get_replica, Payload=json.dumps(request)
        )
        answer = json.loads(reply["Payload"].read())
    except AWS_ERRORS as error:
        raise ReplicaUnreadable(f"{cluster}: {type(error).__name__}") from error
    if "FunctionError" in reply:
        raise ReplicaUnreadable(f"{cluster}: its function failed")
    match answer:
        case {"content": str(content)}:
            return b64decode(content)
        case {"reason": str(reason)}:
            raise ReplicaUnreadable(f"{cluster}: {reason}")
    raise ReplicaUnreadable(f"{cluster}: its function answered something else")
