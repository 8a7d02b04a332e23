"""A version that users have deleted, and that waits before it is removed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mcos.model.documents import arguments, document_of
from mcos.model.versions import Version


class Grace(NamedTuple):
    """How long a deleted version is kept.

    Attributes
    ----------
    deletion
        ULID of the deletion, greater than that of any deletion that the version was taken back
        from.
    due_at
        When it is to be removed, RFC 3339.
    """

    deletion: str
    due_at: str


@dataclass(frozen=True)
class Kept:
    """A deleted version.

    Attributes
    ----------
    version
        As it was. Of its replicas that were not stored, the removal is owed by the record.
    deletion, due_at
        See ``Grace``.
    created_at
        The object's, RFC 3339.
    deleted_at
        RFC 3339.
    """

    version: Version
    deletion: str
    created_at: str
    deleted_at: str
    due_at: str
    unknown: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def as_json(self) -> dict[str, Any]:
        return {**document_of(self), "version": self.version.as_json()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Kept":
        version = Version.from_json(value["version"])
        return cls(**{**arguments(cls, value), "version": version})
