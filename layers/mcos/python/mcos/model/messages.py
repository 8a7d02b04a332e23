"""Payloads that functions, state machines and queues exchange, as they are in JSON.

They are only types: a payload is a plain ``dict``. A payload of an earlier release may still be in
a queue, so fields may be added as ``NotRequired``, and none may be removed.
"""

from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypedDict

from mcos.settings import Mode

RecordJson = dict[str, Any]
"""``ObjectRecord.as_json()``."""

VersionJson = dict[str, Any]
"""``Version.as_json()``."""

RunningDigestsJson = dict[str, Any]
"""``RunningDigests.as_json()``."""


class Source(TypedDict, total=False):
    """Where the bytes of a version are; see ``mcos.replicas.source``.

    Attributes
    ----------
    inline
        The bytes, as base64; then there are no other fields.
    staging_bucket, staging_key, staging_version, staging_etag
        Where they are staged; all four or none.
    staging_region
        The bucket's region; null: the reader's. Not given: an earlier release has sent it.
    version
        The version whose stored replicas have them.
    borrowed
        Whether that is another version than the one that is written.
    """

    inline: str
    staging_bucket: str
    staging_key: str
    staging_version: str | None
    staging_etag: str | None
    staging_region: str | None
    version: VersionJson
    borrowed: bool


class ReplicaToPut(TypedDict):
    """A replica to be written; the fields are those of ``Version``.

    Attributes
    ----------
    version
        Id of the version.
    incarnation
        Identity of the copy to write; not given: release 0.1.0 began it.
    identity
        What the copy says of itself, see ``mcos.replicas.identity``; not given: release 0.1.0
        began it.
    """

    account: str
    version: str
    incarnation: NotRequired[str]
    identity: NotRequired[str]
    size: int
    digested: bool
    md5: str
    sha256: str
    part_size: int
    parts_md5: str
    content_type: str


class PutInput(TypedDict):
    """Input of ``put_replica`` and ``put_parts``.

    Attributes
    ----------
    seconds
        For ``put_parts``: time after which no further part is begun.
    """

    replica: ReplicaToPut
    content: Source
    seconds: NotRequired[float]


class PutResult(TypedDict):
    """Output of ``put_replica`` and ``put_parts``.

    Attributes
    ----------
    cluster
        The cluster that was to store the replica.
    incarnation
        Identity of the copy; not given: release 0.1.0 began it.
    stored
        Whether the replica is stored and verified.
    reason
        Why it is not; it begins with the name of an error and a colon.
    wrong
        True: the copy has other bytes than the version; another one must be written.
    tag
        The service's tag of a replica in parts.
    unfinished
        True: ``put_parts`` has written parts and must be called again.
    misread
        True: what was read is not the version's content, so its source must be verified.
    """

    cluster: str
    incarnation: NotRequired[str]
    stored: bool
    reason: NotRequired[str]
    wrong: NotRequired[bool]
    tag: NotRequired[str]
    unfinished: NotRequired[bool]
    misread: NotRequired[bool]


class ReadInput(TypedDict):
    """Input of ``get_replica``: a range to read, or ``sign``.

    Attributes
    ----------
    first, last
        First and last byte, inclusive.
    """

    account: str
    version: VersionJson
    first: NotRequired[int]
    last: NotRequired[int]
    sign: NotRequired["SignInput"]


class SignInput(TypedDict):
    """Request for a signed URL; ``filename`` is that of an attachment, None: inline."""

    filename: str | None


class ReadResult(TypedDict, total=False):
    """Output of ``get_replica``: ``content``, ``url``, or ``reason`` and ``damaged``.

    Attributes
    ----------
    content
        The bytes, as base64.
    url
        The signed URL.
    reason, damaged
        Why the replica cannot be read, and whether it is known to be missing or changed.
    """

    content: str
    url: str
    reason: str
    damaged: bool


class DigestInput(TypedDict):
    """Input of ``digest_content``.

    Attributes
    ----------
    digests
        Of the previous call; None at the first.
    seconds
        Time after which the call stops reading.
    """

    record: RecordJson
    version_id: str
    content: Source
    digests: RunningDigestsJson | None
    seconds: NotRequired[float]


class DigestResult(TypedDict, total=False):
    """Output of ``digest_content``: changes to the execution's input.

    Attributes
    ----------
    digests
        State for the next call; None with the complete digests.
    record, replica
        With the complete digests.
    outcome
        An ``Outcome`` that ends the execution.
    """

    digests: RunningDigestsJson | None
    record: RecordJson
    replica: ReplicaToPut
    outcome: str


class CommitInput(TypedDict):
    """Input of ``commit_version``."""

    record: RecordJson
    version_id: str
    results: list[PutResult]


class CommitResult(TypedDict):
    """Output of ``commit_version`` and of an execution.

    Attributes
    ----------
    outcome
        An ``Outcome``.
    stored
        Clusters that have stored their replica.
    """

    outcome: str
    stored: list[str]


class ReplicateMessage(TypedDict):
    """Write the missing replicas of a version, if the object still has the version.

    The message of a cluster's replicate queue.
    """

    account: str
    container: str
    object: str
    version: str


class PutMessage(TypedDict):
    """Store the cluster's replica of a version, if the object still has the version.

    Attributes
    ----------
    in_parts
        Given by release 0.1.0; the record says it too.
    """

    action: Literal["put"]
    account: str
    container: str
    object: str
    version: str
    in_parts: NotRequired[bool]


class Verified(TypedDict):
    """How far a large copy was read and verified: its incarnation, and the digests so far."""

    incarnation: str
    digests: RunningDigestsJson


class VerifyMessage(TypedDict):
    """Check the cluster's replica of a version, and write it again if it is damaged.

    Attributes
    ----------
    done
        What an earlier message did of it; not given: nothing.
    renew
        Incarnation of a copy that is to be written anew even if it is whole.
    """

    action: Literal["verify"]
    account: str
    container: str
    object: str
    version: str
    done: NotRequired[Verified]
    renew: NotRequired[str]


class RemoveMessage(TypedDict):
    """Remove one copy of a version from the cluster's backend.

    Attributes
    ----------
    incarnation
        The copy's; not given: release 0.1.0 wrote it.
    why
        Why the system itself removes it; not given: users have asked for it.
    """

    action: Literal["remove"]
    account: str
    version: str
    incarnation: NotRequired[str]
    in_parts: NotRequired[bool]
    why: NotRequired[str]


class UnstageMessage(TypedDict):
    """Remove a file from the cluster's staging; ``staged`` is S3's version id."""

    action: Literal["unstage"]
    key: str
    staged: str | None


class DisposeMessage(TypedDict):
    """See to what an object's record owes."""

    action: Literal["dispose"]
    account: str
    container: str
    object: str


class FileMessage(TypedDict):
    """Write a file of the journal to the cluster's backend.

    Attributes
    ----------
    content
        Base64.
    """

    action: Literal["file"]
    key: str
    content: str


RepairMessage = (
    PutMessage | VerifyMessage | RemoveMessage | UnstageMessage | DisposeMessage | FileMessage
)
"""A message of a repair queue."""


class ReplicaState(TypedDict):
    """A replica in ``StateChange``; ``state`` is ``stored``, ``writing`` or ``leaving``."""

    cluster: str
    backend: str
    state: str


class StateChange(TypedDict):
    """The ``detail`` of an event; ``events/schemas/object_state_change.json`` describes it."""

    schema: int
    account: str
    container: str
    object: str
    state: str
    version: str
    size: int
    etag: str
    replicas: list[ReplicaState]
    previous_state: str | None
    cluster: str
    revision: str
    changed_at: str


class UnpublishedChange(TypedDict):
    """Note of a change that can never be published.

    Attributes
    ----------
    sequence_number
        The stream's id of the write.
    keys
        Keys of the object's item, in DynamoDB's JSON.
    changed_at
        ISO 8601.
    """

    reason: str
    sequence_number: str
    keys: Mapping[str, Any]
    changed_at: str


class Target(TypedDict):
    """A cluster that is to store a replica, and how an execution reaches it.

    Attributes
    ----------
    incarnation
        Identity of the copy to write.
    """

    cluster: str
    incarnation: NotRequired[str]
    put_replica: str
    put_parts: str
    repair_queue_url: str


class ExecutionInput(TypedDict):
    """Input of the state machine ``replicate_object``.

    Attributes
    ----------
    record
        The record as it was written last.
    digests
        None; ``digest_content`` keeps its state here.
    repair
        The message for the repair queue of a target that fails.
    """

    mode: Mode
    version_id: str
    record: RecordJson
    replica: ReplicaToPut
    content: Source
    digests: RunningDigestsJson | None
    targets: list[Target]
    repair: PutMessage
