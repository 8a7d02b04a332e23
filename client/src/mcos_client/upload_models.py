"""An upload and its parts, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self

UploadState = Literal["OPEN", "TAKEN"]
UploadMethod = Literal["put", "parts"]


@dataclass(frozen=True)
class UploadPart:
    """A part: where to put it, and the ETag (the quoted MD5) of what is stored of it already."""

    number: int
    size: int | None
    etag: str | None
    url: str

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(value["number"], value["size"], value["etag"], value["url"])


@dataclass(frozen=True)
class UploadPut:
    """Where the whole content is put, and the headers that have to go with it."""

    url: str
    headers: dict[str, str]

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(value["url"], dict(value["headers"]))


@dataclass(frozen=True)
class Upload:
    """Content on its way to become an object.

    Attributes
    ----------
    state
        OPEN until it is completed, then TAKEN: ``version`` names what it became.
    method
        ``put``: the whole content goes to ``put``; ``parts``: in pieces of ``part_size`` bytes.
    parts
        Those of the page that was asked for; ``next_marker`` asks for those behind them.
    """

    upload: str
    container: str
    name: str
    action: Literal["create", "update"]
    size: int | None
    content_type: str
    metadata: dict[str, str]
    state: UploadState
    version: str | None
    created_at: datetime
    expires_at: datetime
    method: UploadMethod
    put: UploadPut | None
    part_size: int | None
    parts: tuple[UploadPart, ...]
    next_marker: str | None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        put = value.get("put")
        return cls(
            upload=value["upload"],
            container=value["container"],
            name=value["object"],
            action=value["action"],
            size=value["size"],
            content_type=value["content_type"],
            metadata=dict(value["metadata"]),
            state=value["state"],
            version=value["version"],
            created_at=datetime.fromisoformat(value["created_at"]),
            expires_at=datetime.fromisoformat(value["expires_at"]),
            method=value["method"],
            put=None if put is None else UploadPut.from_json(put),
            part_size=value["part_size"],
            parts=tuple(UploadPart.from_json(one) for one in value.get("parts") or ()),
            next_marker=value.get("next_marker"),
        )


@dataclass(frozen=True)
class UploadPage:
    """A page of the account's uploads, without parts; the last one has no ``next_marker``."""

    uploads: tuple[Upload, ...]
    next_marker: str | None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            tuple(Upload.from_json(one) for one in value["uploads"]), value.get("next_marker")
        )
