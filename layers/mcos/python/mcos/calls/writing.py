"""What create_object and update_object have in common: taking a version, and storing it."""

import logging
from dataclasses import dataclass

from mcos import clock, disposal, lifecycle, limits, replication, resolver, staging
from mcos.aws import AWS_ERRORS
from mcos.catalog import containers, objects
from mcos.catalog.clusters import all_clusters
from mcos.catalog.objects import Key
from mcos.digests import digests_of
from mcos.errors import ContentTooLarge, McosError, ReplicationFailed, Superseded
from mcos.lifecycle import Outcome
from mcos.model import Cluster, ObjectRecord, Replica, Version
from mcos.names import check_container_name, check_metadata, check_object_name
from mcos.settings import Mode, settings

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Content:
    """What a user sends: bytes, their type, and metadata (names in lower case)."""

    body: bytes
    content_type: str
    metadata: dict[str, str]


@dataclass(frozen=True)
class Prefer:
    """How the caller waits (RFC 7240): ``wait_seconds`` counts in the mode ``wait``."""

    mode: Mode
    wait_seconds: int = limits.WAIT_SECONDS_MAX


def check(key: Key, content: Content) -> None:
    """Refuse what can be refused without looking anywhere.

    Raises
    ------
    InvalidName, InvalidMetadata, ContentTooLarge
    """
    check_container_name(key[1])
    check_object_name(key[2])
    check_metadata(content.metadata)
    if len(content.body) > limits.CONTENT_BYTES:
        raise ContentTooLarge(
            f"The content has {len(content.body)} bytes; one call takes {limits.CONTENT_BYTES}."
        )


def new_version(key: Key, content: Content, prefer: Prefer) -> tuple[Version, list[Cluster]]:
    """Name a version and place it; stage its content unless it may ride in the execution.

    What is acknowledged asynchronously is staged before anything speaks of it, so a record of it
    always finds its content.

    Raises
    ------
    NotEnoughClusters
    """
    targets = list(resolver.targets(all_clusters().values(), key))
    inline = prefer.mode == "wait" and len(content.body) <= limits.INLINE_CONTENT_BYTES
    digests = digests_of(content.body)
    version = Version(
        id=clock.new_id(),
        size=len(content.body),
        md5=digests.md5,
        sha256=digests.sha256,
        content_type=content.content_type,
        metadata=content.metadata,
        created_at=clock.now(),
        mode=prefer.mode,
        staged_at=None if inline else settings().cluster,
        replicas={target.name: Replica(target.backend) for target in targets},
    )
    if not inline:
        staging.put(version.id, content.body)
    return version, targets


def admit(key: Key, record: ObjectRecord, version: Version) -> None:
    """Look for the container now that the version is written: see ``mcos.catalog.containers``.

    Raises
    ------
    ContainerNotFound
        The version was taken back.
    """

    def take_back(found: ObjectRecord | None) -> ObjectRecord | None:
        unchanged = found is not None and found.revision == record.revision
        if unchanged and record.pending == (version,) and not record.obsolete:
            return None  # nothing but this, and no replica of it was begun
        following, _ = lifecycle.abandon(
            found, version.id, reason="There is no such container.", forget=True
        )
        return following

    try:
        containers.admit(key[0], key[1])
    except McosError:
        disposal.dispose(objects.change_guessed(key, take_back, record))
        raise


def store(
    record: ObjectRecord, version: Version, targets: list[Cluster], content: Content, prefer: Prefer
) -> ObjectRecord:
    """Have the replicas of an accepted version written.

    Returns
    -------
    The record when the call is to be answered: as accepted (asynchronous), or with the version
    complete (synchronous).

    Raises
    ------
    ReplicationFailed
        Synchronous: not all replicas could be stored in time; nothing is left behind.
    Superseded
        Synchronous: a later change of the object was accepted.
    """
    execution = replication.execution_input(
        record,
        version,
        mode=prefer.mode,
        content=None if version.staged_at else content.body,
        targets=targets,
    )
    if prefer.mode == "respond-async":
        try:
            replication.start(execution)
        except AWS_ERRORS as error:
            # The record and the staged content are durable: the sweeper starts it again.
            _log.warning("execution of %s did not start: %s", version.id, type(error).__name__)
        return record
    outcome = replication.run(execution, wait_seconds=prefer.wait_seconds)
    if outcome in (None, Outcome.INCOMPLETE):
        outcome = _give_up(record, version)
    if outcome == Outcome.COMMITTED:
        committed, _ = lifecycle.commit(record, version.id, set(version.replicas))
        if committed is None:
            raise AssertionError("a commit keeps its record")
        return committed
    if outcome == Outcome.INCOMPLETE:
        raise ReplicationFailed("Not all replicas could be stored; nothing was kept.")
    raise Superseded("A later change of the object was accepted; this one was dropped.")


def _give_up(record: ObjectRecord, version: Version) -> Outcome:
    """Abandon a version, unless it was committed at the last moment."""
    outcome = Outcome.GONE

    def transition(found: ObjectRecord | None) -> ObjectRecord | None:
        nonlocal outcome
        following, outcome = lifecycle.abandon(
            found, version.id, reason="Not all replicas could be stored.", forget=True
        )
        return following

    key = (record.account, record.container, record.name)
    disposal.dispose(objects.change(key, transition))
    return outcome
