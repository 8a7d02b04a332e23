"""What content becomes: the facts that are stored with it, and the condition of that."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mcos_client.api.call import check_header, given, is_header_value
from mcos_client.errors import InvalidHeader, InvalidMetadata

Action = Literal["create", "update", "replace"]
"""``replace``: create the object, or update it if it is there."""

IfThere = Literal["replace", "refuse", "require"]
"""What ``put_object`` does about an object that has the name."""

OCTET_STREAM = "application/octet-stream"

METADATA_PREFIX = "x-object-meta-"

CONTENT_HEADERS = {
    name.lower(): name
    for name in (
        "Cache-Control",
        "Content-Disposition",
        "Content-Encoding",
        "Content-Language",
        "Expires",
    )
}
"""The headers that are kept with content, by their names in lower case."""

_METADATA_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


@dataclass(frozen=True)
class Writing:
    """How content becomes an object, whichever way it goes."""

    action: Action = "create"
    content_type: str = OCTET_STREAM
    metadata: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None
    storage_policy: str | None = None
    if_match: str | None = None
    if_none_match: str | None = None

    @property
    def conditions(self) -> dict[str, str]:
        """The headers that say when it may be done."""
        return given({"if-match": self.if_match, "if-none-match": self.if_none_match})

    @property
    def is_guarded(self) -> bool:
        """Whether it can be done only once: a second time its condition refuses it.

        ``If-Match: *`` holds for any content, so a second update would undo another user's write
        in between. The same is true of any ``If-None-Match`` of an update.
        """
        if self.action == "create":
            return self.if_none_match == "*"
        return self.if_match is not None and "*" not in self.if_match


def putting(if_there: IfThere = "replace", **facts: Any) -> Writing:
    """Make what ``put_object`` means."""
    if if_there == "refuse":
        return Writing("create", if_none_match="*", **facts)
    return Writing("update" if if_there == "require" else "replace", **facts)


Changes = Mapping[str, str | None]
"""Values by names; None removes the one that there is."""


@dataclass(frozen=True)
class Description:
    """What is changed of an object's description; what is not named stays.

    Attributes
    ----------
    content_type
        None: it stays.
    """

    content_type: str | None = None
    metadata: Changes | None = None
    headers: Changes | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the fields of a request.

        Raises
        ------
        InvalidMetadata, InvalidHeader
        """
        metadata, headers = self.metadata or {}, self.headers or {}
        check_metadata({name: value or "" for name, value in metadata.items()})
        check_headers({name: "-" if value is None else value for name, value in headers.items()})
        return given(
            {
                "content_type": self.content_type,
                "metadata": dict(metadata) or None,
                "headers": {CONTENT_HEADERS[name.lower()]: one for name, one in headers.items()}
                or None,
            }
        )


def check_metadata(metadata: Mapping[str, str] | None) -> Mapping[str, str]:
    """Return metadata (none for None) that headers carry as they are.

    Raises
    ------
    InvalidMetadata
    """
    metadata = metadata or {}
    spellings: dict[str, str] = {}
    for name, value in metadata.items():
        if not _METADATA_NAME.fullmatch(name):
            raise InvalidMetadata(f"A metadata name must be an HTTP token, which {name!r} is not.")
        if not is_header_value(value):
            raise InvalidMetadata(
                f"Metadata {name!r} must be printable ASCII without spaces at its ends."
            )
        other = spellings.setdefault(name.lower(), name)
        if other != name:
            # They would be one header, of both values.
            raise InvalidMetadata(f"Metadata {other!r} and {name!r} must not be both given.")
    return metadata


def check_headers(headers: Mapping[str, str] | None) -> dict[str, str]:
    """Return headers of content (none for None) under the names that the API has for them.

    Raises
    ------
    InvalidHeader
    """
    found: dict[str, str] = {}
    for given_name, value in (headers or {}).items():
        name = CONTENT_HEADERS.get(given_name.lower())
        if name is None:
            raise InvalidHeader(
                f"{given_name!r} must be one of {', '.join(CONTENT_HEADERS.values())}."
            )
        if name in found:
            raise InvalidHeader(f"{name} must not be given twice.")
        check_header(name, value)
        found[name] = value
    return found
