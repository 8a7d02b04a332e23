"""The messages of a cluster's inbound queue: S3's events for staging, and other systems' messages.

Pure: from JSON to values. ``events/schemas/inbound_message.json`` is the schema of the messages.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from mcos.model.uploads import Action

_FIELDS = {
    "id": str,
    "account": str,
    "container": str,
    "object": str,
    "action": str,
    "source_url": str,
    "staging_key": str,
    "content_type": str,
    "metadata": dict,
    "headers": dict,
    "storage_policy": str,
}
_REQUIRED = ("account", "container", "object")

# S3's sequencers are hexadecimal, with 16 digits or more. To compare two, the shorter is padded
# with zeros on the right (S3's user guide, "Event message structure").
_SEQUENCER_LENGTH = 64


class NotUnderstood(Exception):
    """The message is malformed."""


@dataclass(frozen=True)
class Arrival:
    """S3's event that a file was put into a bucket.

    Attributes
    ----------
    version
        S3's version id.
    sequencer
        Orders the puts to one key: the later one's is greater, as text of one length.
    """

    bucket: str
    key: str
    version: str | None
    sequencer: str


@dataclass(frozen=True)
class Message:
    """A message of another system that names content and the object to make of it.

    Attributes
    ----------
    id
        Identifies the event: messages with the same id are one event.
    source_url, staging_key
        Where the content is; exactly one is given.
    content_type, storage_policy
        None: not given.
    metadata, headers
        Names in lower case.
    """

    id: str
    account: str
    container: str
    object: str
    action: Action = Action.PUT
    source_url: str | None = None
    staging_key: str | None = None
    content_type: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    storage_policy: str | None = None


def read(body: str, message_id: str) -> Iterator[Arrival | Message]:
    """Parse a message of the queue; S3's test message yields nothing.

    Parameters
    ----------
    message_id
        SQS's message id, which identifies the event if the message has no ``id``.

    Raises
    ------
    NotUnderstood
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise NotUnderstood("the message must be JSON") from None
    if not isinstance(value, dict):
        raise NotUnderstood("the message must be a JSON object")
    if not _is_unicode(value):
        raise NotUnderstood("the message must not contain unpaired surrogates")
    if value.get("Event") == "s3:TestEvent":
        return
    if "Records" in value:
        yield from _arrivals(value["Records"])
    else:
        yield _message(value, message_id)


def event_id(*parts: str) -> str:
    """Return the id under which the catalog keeps an event."""
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return f"event:{digest}"


def _is_unicode(value: Any) -> bool:
    """Whether all texts can be encoded as UTF-8: JSON may escape unpaired surrogates."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _arrivals(records: Any) -> Iterator[Arrival]:
    try:
        for record in records:
            if record["eventName"].removeprefix("s3:").startswith("ObjectCreated:"):
                s3 = record["s3"]
                yield Arrival(
                    bucket=s3["bucket"]["name"],
                    key=unquote_plus(s3["object"]["key"]),
                    version=s3["object"].get("versionId"),
                    sequencer=s3["object"]["sequencer"].upper().ljust(_SEQUENCER_LENGTH, "0"),
                )
    except (KeyError, TypeError, AttributeError):
        raise NotUnderstood("Records must be those of an S3 event") from None


def _message(value: Mapping[str, Any], message_id: str) -> Message:
    for name, found in value.items():
        if name not in _FIELDS:
            raise NotUnderstood(f"{name[:64]!r} is not a field of a message")
        if not isinstance(found, _FIELDS[name]):
            raise NotUnderstood(f"{name} must be a {_FIELDS[name].__name__}")
    for name in _REQUIRED:
        if name not in value:
            raise NotUnderstood(f"{name} is missing")
    if ("source_url" in value) == ("staging_key" in value):
        raise NotUnderstood("exactly one of source_url and staging_key must be given")
    metadata, headers = _texts(value, "metadata"), _texts(value, "headers")
    try:
        action = Action(value.get("action", Action.PUT))
    except ValueError:
        raise NotUnderstood("action must be one of create, update, put") from None
    given = {**value, "action": action, "metadata": metadata, "headers": headers}
    return Message(**{"id": message_id, **given})


def _texts(value: Mapping[str, Any], name: str) -> dict[str, str]:
    found: dict[str, Any] = value.get(name, {})
    if not all(isinstance(one, str) for one in found.values()):
        raise NotUnderstood(f"{name} must be a JSON object of texts")
    return {one.lower(): text for one, text in found.items()}
