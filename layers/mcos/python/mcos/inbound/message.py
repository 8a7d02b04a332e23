"""What reaches a cluster's inbound queue: S3's word of what was put into staging, and messages.

Pure: from JSON to values. ``events/schemas/inbound_message.json`` is the message's schema.
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
    "storage_policy": str,
}
_REQUIRED = ("account", "container", "object")

# S3's are hexadecimal, 16 digits or more. Of two, the shorter is padded with zeros on the right
# before they are compared (S3's user guide, "Event message structure").
_SEQUENCER_LENGTH = 64


class NotUnderstood(Exception):
    """A message that says nothing, or not what it should."""


@dataclass(frozen=True)
class Arrival:
    """S3 says that an object was put into a bucket.

    Attributes
    ----------
    version
        S3's id of what was put there.
    sequencer
        Tells which of two puts to the same key was later: of texts of one length, the greater.
    """

    bucket: str
    key: str
    version: str | None
    sequencer: str


@dataclass(frozen=True)
class Message:
    """A message of another system: this content shall be this object.

    Attributes
    ----------
    id
        Names the event: another message with it is the same one.
    source_url, staging_key
        Where the content is; one of them is given.
    content_type, storage_policy
        None: nothing was said.
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
    storage_policy: str | None = None


def read(body: str, message_id: str) -> Iterator[Arrival | Message]:
    """What a message of the queue says; nothing, of S3's test of the queue.

    Parameters
    ----------
    message_id
        SQS's, which names a message that names no event itself.

    Raises
    ------
    NotUnderstood
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise NotUnderstood("the message is not JSON") from None
    if not isinstance(value, dict):
        raise NotUnderstood("the message is not a JSON object")
    if not _is_unicode(value):
        raise NotUnderstood("the message holds halves of characters")
    if value.get("Event") == "s3:TestEvent":
        return
    if "Records" in value:
        yield from _arrivals(value["Records"])
    else:
        yield _message(value, message_id)


def event_id(*parts: str) -> str:
    """The name of an event, as the catalog remembers it."""
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return f"event:{digest}"


def _is_unicode(value: Any) -> bool:
    """Whether all texts can be written as UTF-8: JSON may escape halves of surrogate pairs."""
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
        raise NotUnderstood("the message is no S3 event") from None


def _message(value: Mapping[str, Any], message_id: str) -> Message:
    for name, found in value.items():
        if name not in _FIELDS:
            raise NotUnderstood(f"{name[:64]!r} is not a field of a message")
        if not isinstance(found, _FIELDS[name]):
            raise NotUnderstood(f"{name} is not a {_FIELDS[name].__name__}")
    for name in _REQUIRED:
        if name not in value:
            raise NotUnderstood(f"{name} is missing")
    if ("source_url" in value) == ("staging_key" in value):
        raise NotUnderstood("one of source_url and staging_key is given")
    metadata = value.get("metadata", {})
    if not all(isinstance(one, str) for one in metadata.values()):
        raise NotUnderstood("metadata is a JSON object of texts")
    try:
        action = Action(value.get("action", Action.PUT))
    except ValueError:
        raise NotUnderstood("action is one of create, update, put") from None
    lowered = {name.lower(): one for name, one in metadata.items()}
    return Message(**{"id": message_id, **value, "action": action, "metadata": lowered})
