"""What AWS refuses. Pure: from a request to a refusal. Sizes are bytes, times are seconds."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from .asked import Asked

EXECUTION_BYTES = 262_144
"""Largest input, output or result of a state; Step Functions counts UTF-8."""

EXECUTION_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")

MESSAGE_BYTES = 262_144
"""Largest message of a queue, attributes included: what Terraform's provider gives a queue. SQS
itself allows 1 MiB since 2025."""

MESSAGE_TEXT = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")
MESSAGE_ATTRIBUTES = 10
DELAY_SECONDS = 900
VISIBILITY_SECONDS = 43_200

ITEM_BYTES = 400 * 1024
"""Largest item of a table: names and values."""

KEYS_AT_ONCE = {"BatchGetItem": 100, "BatchWriteItem": 25, "TransactWriteItems": 100}

INVOCATION_BYTES = 6 * 1024**2
"""Largest payload of a call of a function, and of its answer, if the caller waits."""

EVENT_BYTES = 256 * 1024
"""The same if the caller does not wait. AWS allows 1 MiB since 2025."""

METADATA_BYTES = 2000
"""Most user metadata of an object in S3, names and values."""

EVENTS_AT_ONCE = 10
EVENT_ENTRIES_BYTES = 256 * 1024


@dataclass(frozen=True)
class Refusal:
    """A refusal, as the services whose protocol is JSON write it, or as S3 does.

    Attributes
    ----------
    code
        AWS's name of the error.
    """

    status: int
    code: str
    message: str
    as_xml: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the reply."""
        if self.as_xml:
            return {"content-type": "application/xml"}
        return {"content-type": "application/x-amz-json-1.0", "x-amzn-errortype": self.code}

    @property
    def body(self) -> bytes:
        """Body of the reply."""
        if not self.as_xml:
            return json.dumps({"__type": self.code, "message": self.message}).encode()
        text = f"<Error><Code>{self.code}</Code><Message>{escape(self.message)}</Message></Error>"
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()


def refusal_of(asked: Asked) -> Refusal | None:
    """Return how AWS would refuse a request; None: it would not, or cannot be told from it."""
    rule = _RULES.get(asked.service)
    return rule(asked) if rule else None


def refusal_of_reply(asked: Asked, reply: bytes) -> Refusal | None:
    """Return what AWS answers instead of a reply that it does not carry; None: it does."""
    if asked.service == "lambda" and asked.operation == "Invoke" and len(reply) > INVOCATION_BYTES:
        return Refusal(413, "Function.ResponseSizeTooLarge", "the answer is over 6 MiB")
    return None


def is_regional(host: str, region: str) -> bool:
    """Whether a host of S3 is that of a bucket in its region, and no other name of S3's.

    The global names know new buckets late, and those of newer regions never.

    >>> is_regional("bucket.s3.eu-south-2.amazonaws.com", "eu-south-2")
    True
    >>> is_regional("bucket.s3.amazonaws.com", "us-east-1")
    False
    """
    return re.fullmatch(rf"[^.]+\.s3\.{region}\.amazonaws\.com(\.cn)?", host) is not None


def _states(asked: Asked) -> Refusal | None:
    if asked.operation not in ("StartExecution", "StartSyncExecution"):
        return None
    name = asked.document.get("name")
    if name is not None and not EXECUTION_NAME.fullmatch(name):
        return Refusal(400, "InvalidName", f"Invalid Name: '{name}'")
    if len(asked.document.get("input", "").encode()) > EXECUTION_BYTES:
        return Refusal(400, "ValidationException", f"input must have at most {EXECUTION_BYTES}")
    return None


def _sqs(asked: Asked) -> Refusal | None:
    given = asked.document
    if asked.operation == "ChangeMessageVisibility":
        if not 0 <= given["VisibilityTimeout"] <= VISIBILITY_SECONDS:
            return _not_a_value("VisibilityTimeout must be 0 to 43200")
        return None
    if asked.operation != "SendMessage":
        return None
    text, attributes = given["MessageBody"], given.get("MessageAttributes", {})
    values = [one.get("StringValue", "") for one in attributes.values()]
    if not all(MESSAGE_TEXT.fullmatch(one) for one in (text, *values)):
        return Refusal(400, "InvalidMessageContents", "The message has invalid characters")
    if len(attributes) > MESSAGE_ATTRIBUTES or not all(values):
        return _not_a_value("There are at most 10 attributes, and none is empty")
    size = len(text.encode()) + sum(
        len(f"{name}{one['DataType']}{value}".encode())
        for (name, one), value in zip(attributes.items(), values, strict=True)
    )
    if not 0 < size <= MESSAGE_BYTES:
        return _not_a_value(f"Message must be shorter than {MESSAGE_BYTES} bytes.")
    if not 0 <= given.get("DelaySeconds", 0) <= DELAY_SECONDS:
        return _not_a_value("DelaySeconds must be 0 to 900")
    return None


def _not_a_value(message: str) -> Refusal:
    return Refusal(400, "InvalidParameterValue", message)


def _dynamodb(asked: Asked) -> Refusal | None:
    if asked.operation == "PutItem" and size_of_item(asked.document["Item"]) > ITEM_BYTES:
        return Refusal(
            400, "ValidationException", "Item size has exceeded the maximum allowed size"
        )
    if most := KEYS_AT_ONCE.get(asked.operation):
        given = asked.document.get("RequestItems") or {"": asked.document.get("TransactItems", [])}
        counts = [len(one["Keys"] if isinstance(one, dict) else one) for one in given.values()]
        if sum(counts) > most:
            return Refusal(400, "ValidationException", f"at most {most} items at once")
    return None


def size_of_item(item: Mapping[str, Mapping[str, Any]]) -> int:
    """Return the size of an item as DynamoDB counts it, in DynamoDB's JSON."""
    return sum(len(name.encode()) + _size_of(value) for name, value in item.items())


def _size_of(value: Mapping[str, Any]) -> int:
    ((kind, found),) = value.items()
    match kind:
        case "S":
            return len(found.encode())
        case "N":
            return len(found) // 2 + 2
        case "B":
            return len(base64.b64decode(found))
        case "SS" | "NS" | "BS":
            return sum(len(one.encode()) for one in found)
        case "L":
            return 3 + sum(1 + _size_of(one) for one in found)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _size_of(one) for name, one in found.items())
    return 1


def _lambda(asked: Asked) -> Refusal | None:
    waits = asked.headers.get("x-amz-invocation-type", "RequestResponse") != "Event"
    most = INVOCATION_BYTES if waits else EVENT_BYTES
    if asked.operation == "Invoke" and len(asked.body) > most:
        return Refusal(413, "RequestTooLargeException", f"Request must be smaller than {most}")
    return None


def _s3(asked: Asked) -> Refusal | None:
    prefix = "x-amz-meta-"
    metadata = [
        (name.removeprefix(prefix), value)
        for name, value in asked.headers.items()
        if name.startswith(prefix)
    ]
    if sum(len(f"{name}{value}".encode()) for name, value in metadata) > METADATA_BYTES:
        return Refusal(
            400, "MetadataTooLarge", "Your metadata headers exceed the maximum", as_xml=True
        )
    return None


def _events(asked: Asked) -> Refusal | None:
    if asked.operation != "PutEvents":
        return None
    entries = asked.document["Entries"]
    names = ("Source", "DetailType", "Detail")
    size = sum(len(one.get(name, "").encode()) for one in entries for name in names)
    if len(entries) > EVENTS_AT_ONCE or size + 14 * len(entries) > EVENT_ENTRIES_BYTES:
        return Refusal(400, "ValidationException", "at most 10 entries, and 256 KiB in all")
    return None


_RULES: dict[str, Callable[[Asked], Refusal | None]] = {
    "dynamodb": _dynamodb,
    "events": _events,
    "lambda": _lambda,
    "s3": _s3,
    "sqs": _sqs,
    "states": _states,
}
