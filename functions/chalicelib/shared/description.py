"""What describes content, as fields of a JSON body: type, metadata and headers."""

from collections.abc import Mapping
from typing import Any

from chalicelib.shared.json_body import text, texts
from mcos.errors import InvalidBody, InvalidHeader, InvalidMetadata
from mcos.model.description import UNKNOWN_TYPE, Changes, DescriptionChange
from mcos.model.names import is_content_type


def content_type(value: Any, name: str) -> str:
    """Read a content type."""
    if not is_content_type(text(value, name)):
        raise InvalidBody(f"{name} must be type/subtype.")
    return str(value)


def metadata(value: Any, name: str) -> dict[str, str]:
    """Read user metadata, by names in lower case."""
    return _metadata_by_name(texts(value, name))


def headers(value: Any, name: str) -> dict[str, str]:
    """Read headers of content, by names in lower case."""
    return _headers_by_name(texts(value, name))


def _type_or_none(value: Any, name: str) -> str:
    return UNKNOWN_TYPE if value is None else content_type(value, name)


def _changes(value: Any, name: str) -> dict[str, str | None] | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not all(
        one is None or isinstance(one, str) for one in value.values()
    ):
        raise InvalidBody(f"{name} must be null, or a JSON object of texts and nulls.")
    return value


def _metadata_changes(value: Any, name: str) -> Changes:
    changes = _changes(value, name)
    return changes if changes is None else _metadata_by_name(changes)


def _headers_changes(value: Any, name: str) -> Changes:
    changes = _changes(value, name)
    return changes if changes is None else _headers_by_name(changes)


CHANGES = {
    "content_type": _type_or_none,
    "metadata": _metadata_changes,
    "headers": _headers_changes,
}
"""Readers of the fields of a change; ``change_of`` takes what they read."""


def change_of(given: Mapping[str, Any]) -> DescriptionChange:
    """Return the change that the fields of a body ask for; others are ignored."""
    return DescriptionChange(**{name: given[name] for name in CHANGES if name in given})


def _metadata_by_name(value: dict[str, Any]) -> dict[str, Any]:
    lowered = {one.lower(): other for one, other in value.items()}
    if len(lowered) < len(value):
        raise InvalidMetadata("Metadata names must differ in more than case.")
    return lowered


def _headers_by_name(value: dict[str, Any]) -> dict[str, Any]:
    lowered = {one.lower(): other for one, other in value.items()}
    if len(lowered) < len(value):
        raise InvalidHeader("Names of headers must differ in more than case.")
    return lowered
