"""Uploads: content that is sent to signed URLs instead of in a call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from mcos import limits
from mcos.errors import InvalidBody
from mcos.model.conditions import Conditions
from mcos.model.documents import arguments, document_of, member
from mcos.model.objects import ObjectKey
from mcos.model.parts import part_size_of
from mcos.model.versions import Staged


class Action(StrEnum):
    """What an upload does to its object. ``put``: an update if the object exists, else a create."""

    CREATE = "create"
    UPDATE = "update"
    PUT = "put"


class UploadState(StrEnum):
    """State of an upload; ``mcos.catalog.uploads`` has the transitions.

    OPEN: content may be sent. TAKING: it is becoming the version that it names. TAKEN: it became
    that version. ENDING: it must not become that version any more, if it has not yet. ENDED: it is
    being removed.
    """

    OPEN = "OPEN"
    TAKING = "TAKING"
    TAKEN = "TAKEN"
    ENDING = "ENDING"
    ENDED = "ENDED"


@dataclass(frozen=True)
class NamedPart:
    """A part that the sender of an upload wants in its content.

    Attributes
    ----------
    etag
        The quoted MD5 of what was sent as that part.
    """

    number: int
    etag: str


def check_named_parts(parts: Sequence[NamedPart]) -> None:
    """Refuse a list that can be no upload's.

    Raises
    ------
    InvalidBody
    """
    numbers = [part.number for part in parts]
    if not numbers or numbers != sorted({*numbers}):
        raise InvalidBody("parts must have at least one part, and rising numbers.")
    if not 1 <= numbers[0] <= numbers[-1] <= limits.PARTS:
        raise InvalidBody(f"The number of a part must be between 1 and {limits.PARTS}.")


@dataclass(frozen=True)
class Upload:
    """An upload into staging, or an event whose content was taken from there.

    Attributes
    ----------
    id
        ULID, which becomes the version's id; or a digest that identifies an event.
    size
        Bytes; None if the sender does not know it yet.
    md5, sha256
        Hexadecimal and base64, as the sender gave them; empty if not given.
    if_match, if_none_match, if_unmodified_since
        As in ``Conditions``, times in RFC 3339; they are checked when the upload is taken.
    storage_policy
        Name of the policy; None: the object's, or else the container's.
    part_size
        Bytes of each part but the last; 0: it is sent in one request.
    multipart
        S3's id of the multipart upload; empty if it is sent in one request.
    cluster
        The cluster whose staging it uses.
    created_at, expires_at
        RFC 3339.
    version
        Id of the version that it becomes or became.
    staged
        Where the content is that was taken; None if it is OPEN.
    sequencer
        Sequencer of the S3 event; an event for the same key with a greater one is a new event.
        Empty: a user began the upload.
    headers
        As in ``Version``.
    room
        How many bytes may be sent if ``size`` is not known; None: no matter how many.
    unknown
        Fields of a newer release. An action or state of a newer release is a text.
    """

    account: str
    id: str
    container: str
    object: str
    action: Action | str
    size: int | None
    content_type: str
    metadata: dict[str, str]
    md5: str
    sha256: str
    if_match: tuple[str, ...] | None
    if_none_match: tuple[str, ...] | None
    storage_policy: str | None
    part_size: int
    multipart: str
    cluster: str
    created_at: str
    expires_at: str
    state: UploadState | str = UploadState.OPEN
    version: str | None = None
    sequencer: str = ""
    staged: Staged | None = None
    if_unmodified_since: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    room: int | None = None
    unknown: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> ObjectKey:
        """Key of its object."""
        return ObjectKey(self.account, self.container, self.object)

    @property
    def conditions(self) -> Conditions:
        """What has to be true of its object when it is taken."""
        since = self.if_unmodified_since
        return Conditions(
            self.if_match, self.if_none_match, datetime.fromisoformat(since) if since else None
        )

    def with_conditions(self, conditions: Conditions) -> "Upload":
        """Return this upload with other conditions."""
        since = conditions.if_unmodified_since
        return replace(
            self,
            if_match=conditions.if_match,
            if_none_match=conditions.if_none_match,
            if_unmodified_since=None if since is None else since.isoformat(),
        )

    def is_expired(self, now: str) -> bool:
        """Whether it can no longer be continued or completed at ``now`` (RFC 3339)."""
        return self.expires_at <= now

    @property
    def is_event(self) -> bool:
        """Whether it is an event: nobody began it."""
        return bool(self.sequencer)

    def as_taking(self, version_id: str, staged: Staged, size: int) -> "Upload":
        """Return this upload as TAKING: ``size`` bytes in ``staged`` are to become that version."""
        return replace(self, state=UploadState.TAKING, version=version_id, staged=staged, size=size)

    def as_json(self) -> dict[str, Any]:
        return {**document_of(self), "staged": self.staged and document_of(self.staged)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Upload":
        given = arguments(cls, value)
        for name in ("if_match", "if_none_match"):
            given[name] = None if given[name] is None else tuple(given[name])
        given["action"] = member(Action, value["action"])
        given["state"] = member(UploadState, value["state"])
        given["staged"] = (
            Staged(**arguments(Staged, value["staged"])) if value.get("staged") else None
        )
        return cls(**given)


def upload_part_size(size: int | None, asked: int | None) -> int:
    """Return the bytes of each part of an upload; 0: one signed URL takes all of it.

    Parameters
    ----------
    size
        Bytes; None if not known.
    asked
        The part size that the user asked for, if any.
    """
    if asked is not None:
        return asked
    return limits.PART_BYTES if size is None else part_size_of(size)
