"""What create_object and update_object have in common: taking a version, before it is stored."""

from dataclasses import dataclass, replace

from mcos import clock, limits, staging
from mcos.catalog import containers
from mcos.catalog.registry import all_clusters, current_registry, policy_named
from mcos.errors import ContentTooLarge
from mcos.model.clusters import DEFAULT_POLICY, StoragePolicy
from mcos.model.digests import digests_of
from mcos.model.names import check_container_name, check_metadata, check_object_name
from mcos.model.objects import ObjectKey, ObjectRecord, Replica, Staged, Version
from mcos.placement import resolver, seating
from mcos.settings import Mode, settings


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


def check(key: ObjectKey, content: Content) -> None:
    """Refuse what can be refused without looking anywhere.

    Raises
    ------
    InvalidName, InvalidMetadata, ContentTooLarge
    """
    check_container_name(key.container)
    check_object_name(key.name)
    check_metadata(content.metadata)
    if len(content.body) > limits.CONTENT_BYTES:
        raise ContentTooLarge(
            f"The content has {len(content.body)} bytes; one call takes {limits.CONTENT_BYTES}."
        )


def policy_of(key: ObjectKey, name: str | None) -> StoragePolicy:
    """The storage policy that was named, or else a guess at the container's: see ``admit``.

    Raises
    ------
    UnknownStoragePolicy
    """
    if name is not None:
        return policy_named(name)
    seen = containers.policy_seen(key.account, key.container)
    return current_registry().policies.get(seen, DEFAULT_POLICY)


def policy_kept(record: ObjectRecord | None) -> StoragePolicy:
    """The storage policy that an object has, which an update keeps if it names none."""
    if record is None:
        return DEFAULT_POLICY  # there is nothing to update, which is said next
    return seating.policy_of(record.latest, current_registry().policies)


def new_version(content: Content, prefer: Prefer) -> Version:
    """Name a version; it is neither placed nor staged yet."""
    inline = prefer.mode == "wait" and len(content.body) <= limits.INLINE_CONTENT_BYTES
    digests = digests_of(content.body)
    version_id = clock.new_id()
    return Version(
        id=version_id,
        size=len(content.body),
        md5=digests.md5,
        sha256=digests.sha256,
        content_type=content.content_type,
        metadata=content.metadata,
        created_at=clock.now(),
        mode=prefer.mode,
        staged=None if inline else Staged(settings().cluster, staging.version_key(version_id)),
        storage_policy="",
        readable_from=0,
        replicas={},
    )


def stage(version: Version, content: Content) -> Version:
    """The version once its content is staged, unless that rides in the execution.

    What is acknowledged asynchronously is staged before anything speaks of it, so a record of it
    always finds its content.
    """
    if version.staged is None:
        return version
    return replace(version, staged=staging.put(version.staged.key, content.body))


def place(version: Version, key: ObjectKey, policy: StoragePolicy) -> Version:
    """A version with its replicas where the resolver wants them: pure.

    A caller that waits is not made to wait for a cluster that is known to be DOWN. What is taken
    asynchronously may be meant for one, if there is no other: it gets its replica when it is back.

    Raises
    ------
    NotEnoughClusters
    """
    placement = resolver.place(
        all_clusters().values(), policy, key, down_too=version.mode == "respond-async"
    )
    return replace(
        version,
        storage_policy=policy.name,
        readable_from=policy.readable,
        replicas={target.name: Replica(target.backend) for target in placement.targets},
    )
