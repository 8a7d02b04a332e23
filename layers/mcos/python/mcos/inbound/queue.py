"""The dead-letter queue for inbound messages that cannot become an object."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

from mcos.aws import client, region_of
from mcos.settings import inbound_dlq_url

_REASON_CHARACTERS = 1000

# User and password, and what follows the path.
_WHOLE = re.compile(r"https?://", re.IGNORECASE)
_URL = re.compile(r"(https?://)(?:[^\s/?#\"'@]*@)?([^\s?#\"']*)(?:[?#][^\s\"']*)?", re.IGNORECASE)


def refuse(body: str, *, code: str, reason: str) -> None:
    """Put a message into the dead-letter queue, with a reason; durable on return.

    Of a URL in it, only the place is kept: its query may be a signature, and what is in the queue
    is read by operators for two weeks.

    Raises
    ------
    BotoCoreError, ClientError
    """
    attributes = {"code": code, "reason": reason[:_REASON_CHARACTERS]}
    client("sqs", region=region_of(inbound_dlq_url())).send_message(
        QueueUrl=inbound_dlq_url(),
        MessageBody=without_signatures(body),
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    )


def without_signatures(body: str) -> str:
    """Return a message without the queries, fragments and users of the URLs in it.

    >>> without_signatures('{"source_url": "https://u:p@host/path?X-Amz-Signature=1"}')
    '{"source_url": "https://host/path"}'
    """
    try:
        value = json.loads(body)
    except ValueError:
        return _URL.sub(r"\1\2", body)  # no JSON, so no escapes
    stripped = _stripped(value)
    return body if stripped == value else json.dumps(stripped)


def _place(text: str) -> str:
    """Return what is left of a text that is a URL as a whole, whatever characters it has."""
    if not _WHOLE.match(text):
        return text
    scheme, _, rest = re.split(r"[?#]", text, maxsplit=1)[0].partition("://")
    authority, slash, path = rest.partition("/")
    try:
        urlsplit(f"{scheme}://{authority}").port  # noqa: B018  (it raises)
    except ValueError:
        # No port: this is a user, and a part of a password that has a slash.
        return f"{scheme}://{rest.rpartition('@')[2]}"
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


def _stripped(value: Any) -> Any:
    match value:
        case str():
            return _URL.sub(r"\1\2", _place(value))
        case list():
            return [_stripped(one) for one in value]
        case dict():
            return {name: _stripped(one) for name, one in value.items()}
    return value
