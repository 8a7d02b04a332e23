"""Making a version of content that came with a call: checking, placing and staging it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mcos import clock, limits, staging
from mcos.catalog import containers
from mcos.catalog.registry import all_clusters, current_registry, policy_named
from mcos.errors import ContentTooLarge, NotEnoughClusters
from mcos.model.clusters import DEFAULT_POLICY, StoragePolicy
from mcos.model.digests import digests_of
from mcos.model.names import check_container_name, check_metadata, check_object_name
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.model.representation import check_headers
from mcos.model.versions import Replica, Staged, Version
from mcos.placement import resolver, seating
from mcos.replicas.backend import new_incarnation
from mcos.settings import Mode, settings
from mcos.versions import retention


@dataclass(frozen=True)
class Content:
    """Content that a call carries, with what describes it (names in lower case).

    ``sent_tag`` is that of the version that it is a copy of; see ``Version``.
    """

    body: bytes
    content_type: str
    metadata: dict[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    sent_tag: str = ""


@dataclass(frozen=True)
class Prefer:
    """How the caller waits (RFC 7240); ``wait_seconds`` applies to the mode ``wait``."""

    mode: Mode
    wait_seconds: int = limits.WAIT_SECONDS_MAX


def check(key: ObjectKey, content: Content) -> None:
    """Check names, metadata and size, without I/O.

    Raises
    ------
    InvalidName, InvalidMetadata, InvalidHeader, ContentTooLarge
    """
    check_container_name(key.container)
    check_object_name(key.name)
    check_metadata(content.metadata)
    check_headers(content.headers)
    if len(content.body) > limits.CONTENT_BYTES:
        raise ContentTooLarge(
            f"The content must have at most {limits.CONTENT_BYTES} bytes; it has "
            f"{len(content.body)}. Send larger content by an upload."
        )


def place_new(version: Version, key: ObjectKey, policy: str | None) -> Version:
    """Place the first version of an object: by a policy, or by a guess at its container's.

    ``mcos.versions.take.confirm_container`` checks the guess. If too few clusters can take what is
    guessed, the container is read.

    Raises
    ------
    UnknownStoragePolicy, NotEnoughClusters, ContainerNotFound
    """
    if policy is not None:
        return place(version, key, policy_named(policy))
    seen = containers.seen(key.account, key.container)
    guess = current_registry().policies.get(seen.storage_policy) if seen else None
    try:
        return place(version, key, guess or DEFAULT_POLICY)
    except NotEnoughClusters:
        known = containers.get(key.account, key.container).storage_policy
        return place(version, key, policy_named(known))


def policy_kept(record: ObjectRecord | None) -> StoragePolicy:
    """Return the storage policy of an object, which an update keeps unless it names another."""
    if record is None:
        return DEFAULT_POLICY  # the update will be refused
    return seating.policy_of(record.latest, current_registry().policies)


def new_version(key: ObjectKey, content: Content, prefer: Prefer) -> Version:
    """Make a version, which is neither placed nor staged yet; its retention is a guess."""
    inline = prefer.mode == "wait" and len(content.body) <= limits.INLINE_CONTENT_BYTES
    digests = digests_of(content.body)
    version_id = clock.new_id()
    version = Version(
        id=version_id,
        size=len(content.body),
        md5=digests.md5,
        sha256=digests.sha256,
        content_type=content.content_type,
        metadata=content.metadata,
        headers=content.headers,
        sent_tag=content.sent_tag,
        created_at=clock.now(),
        mode=prefer.mode,
        staged=None if inline else Staged(settings().cluster, staging.version_key(version_id)),
        storage_policy="",
        readable_from=0,
        replicas={},
    )
    return retention.guessed(version, key)


def stage(version: Version, content: Content) -> Version:
    """Stage the version's content, unless it is to be sent in the execution's input.

    Content is staged before the record is written, so a record always finds its content.

    Returns
    -------
    The version with the place of its content.

    Raises
    ------
    BotoCoreError, ClientError
    """
    if version.staged is None:
        return version
    return replace(version, staged=staging.put(version.staged.key, content.body))


def place(version: Version, key: ObjectKey, policy: StoragePolicy) -> Version:
    """Return the version with replicas on the clusters that the resolver chooses.

    A synchronous version is never placed on a DOWN cluster, because its caller would wait in vain.
    An asynchronous one may be, if there are too few others: the replica is written when the
    cluster is back.

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
        replicas={
            target.name: Replica(target.backend, new_incarnation()) for target in placement.targets
        },
    )
