"""Uploads as plain values, with no I/O: contents that are sent to signed URLs, not with a call."""

from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any

from mcos import limits
from mcos.model.objects import ObjectKey
from mcos.model.parts import part_size_of


class Action(StrEnum):
    """What an upload is to its object. ``put``: an update if there is one, else a create."""

    CREATE = "create"
    UPDATE = "update"
    PUT = "put"


class UploadState(StrEnum):
    """OPEN: content may be sent. TAKEN: it is a version. ENDED: it is being removed."""

    OPEN = "OPEN"
    TAKEN = "TAKEN"
    ENDED = "ENDED"


@dataclass(frozen=True)
class Upload:
    """A content on its way into staging, or one that was taken from there.

    Attributes
    ----------
    id
        ULID, which the version will have too; or a digest that names an event.
    size
        Bytes; None if its sender does not know it yet.
    md5, sha256
        Hexadecimal and base64, as its sender says; empty if nothing was said.
    if_match, if_none_match
        As in ``Conditions``: they hold when it is taken.
    storage_policy
        None: the object's, or else the container's.
    part_size
        Bytes of each part but the last; 0: it is sent as one.
    multipart
        S3's id of the multipart upload; empty if it is sent as one.
    cluster
        Whose staging it goes to.
    version
        Id of the version that it has become.
    sequencer
        Of the event that brought it: another of the same name is a new one if its is greater.
        Empty: it was begun by a user.
    """

    account: str
    id: str
    container: str
    object: str
    action: Action
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
    state: UploadState = UploadState.OPEN
    version: str | None = None
    sequencer: str = ""

    @property
    def key(self) -> ObjectKey:
        """Account, container and name of the object."""
        return ObjectKey(self.account, self.container, self.object)

    def is_expired(self, now: str) -> bool:
        """Whether it is too late to send more, or to complete it."""
        return self.expires_at <= now

    def taken(self, version_id: str) -> "Upload":
        """This upload as it has become a version."""
        return replace(self, state=UploadState.TAKEN, version=version_id)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Upload":
        given = {field.name: value[field.name] for field in fields(cls)}
        for name in ("if_match", "if_none_match"):
            given[name] = None if given[name] is None else tuple(given[name])
        given |= {"action": Action(given["action"]), "state": UploadState(given["state"])}
        return cls(**given)


def upload_part_size(size: int | None, asked: int | None) -> int:
    """Bytes of each part of an upload; 0: one signed URL takes all of it."""
    if asked is not None:
        return asked
    return limits.PART_BYTES if size is None else part_size_of(size)
