"""What the account of the user uses, and what it may use."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from mcos_client.api.call import Call, Repeat


@dataclass(frozen=True)
class Quota:
    """What an account may use; None: as much as it likes.

    Attributes
    ----------
    bytes
        Of its objects, of what it has deleted until that is removed, and of uploads under way.
    objects
        Its objects, and what it has deleted until that is removed.
    uploads
        Uploads under way.
    writes_per_second
        Creates, updates, and uploads that are begun, on the average.
    """

    bytes: int | None = None
    objects: int | None = None
    uploads: int | None = None
    writes_per_second: float | None = None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        names = ("bytes", "objects", "uploads", "writes_per_second")
        return cls(**{name: value.get(name) for name in names})


@dataclass(frozen=True)
class Used:
    """What an account uses, as it was counted some seconds ago."""

    bytes: int
    objects: int
    uploads: int


@dataclass(frozen=True)
class OwnAccount:
    """What the account uses, and what it may use."""

    used: Used
    quota: Quota

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        used = value["used"]
        return cls(
            Used(used["bytes"], used["objects"], used["uploads"]), Quota.from_json(value["quota"])
        )


def stat_account() -> Call[OwnAccount]:
    """Get what the account uses, and what it may use."""
    return Call(
        "GET",
        "/v1/account",
        lambda response: OwnAccount.from_json(response.json()),
        repeat=Repeat.ALWAYS,
    )
