"""What calls the functions from outside, as far as they can tell: API Gateway, and the queues.

How a path and a body arrive was seen on the emulator and on AWS: every escape of a path but ``%25``
is decoded, and what is text is handed over as text, bytes that are not UTF-8 replaced.
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote, unquote
from uuid import uuid4

import httpx

from mcos import clock
from tests.support.environment import ACCOUNT_ID, REGION
from tests.support.openapi import document

ADDRESS = "192.0.2.1"
"""Where requests come from, unless a test says otherwise."""

_TEXT = re.compile(r"text/.*|application/(json|xml|javascript)")


@dataclass(frozen=True)
class Reply:
    """What came back; header names whatever their case. ``died``: the function did not answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    died: bool = False

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of a problem."""
        code: str = self.json()["code"]
        return code


@dataclass(frozen=True)
class Route:
    """An operation of the OpenAPI document."""

    method: str
    template: str
    function: str
    pattern: re.Pattern[str]


@cache
def routes() -> tuple[Route, ...]:
    """The routes of the OpenAPI document."""
    found = []
    for template, item in document()["paths"].items():
        pattern = re.escape(template)
        pattern = pattern.replace(re.escape("{object}"), "(?P<object>.+)")
        pattern = re.sub(r"\\{([a-z]+)\\}", r"(?P<\1>[^/]+)", pattern)
        for method, operation in item.items():
            if "x-mcos-function" in operation:
                function = operation["x-mcos-function"]
                found.append(Route(method.upper(), template, function, re.compile(pattern)))
    return tuple(found)


def routes_variable() -> str:
    """The value of ``MCOS_ROUTES``."""
    paths: dict[str, list[str]] = {}
    for route in routes():
        paths.setdefault(route.template, []).append(route.method)
    return json.dumps(paths)


def route(method: str, path: str) -> tuple[str, dict[str, str]]:
    """The function that answers, and the path's parameters still encoded."""
    for one in routes():
        if one.method == method and (found := one.pattern.fullmatch(path)):
            return one.function, found.groupdict()
    return "no_route", {}


def decoded(text: str) -> str:
    """A path as the gateway hands it over."""
    return "%25".join(unquote(part, errors="replace") for part in text.split("%25"))


def event(
    method: str,
    target: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
    parameters: Mapping[str, str],
    address: str = ADDRESS,
) -> dict[str, Any]:
    """An event of payload format 2.0.

    Parameters
    ----------
    target
        Path and query as they went over the wire.
    """
    path, _, query = target.partition("?")
    lowered = {name.lower(): value for name, value in headers.items()}
    value: dict[str, Any] = {
        "version": "2.0",
        "rawPath": decoded(path),
        "rawQueryString": query,
        "headers": lowered,
        "requestContext": {
            "http": {"method": method, "path": decoded(path), "sourceIp": address},
            "requestId": uuid4().hex,
        },
        "isBase64Encoded": False,
    }
    if parameters:
        value["pathParameters"] = {name: decoded(text) for name, text in parameters.items()}
    if body:
        if _TEXT.match(lowered.get("content-type", "")):
            value["body"] = body.decode("utf-8", "replace")
        else:
            value |= {"body": b64encode(body).decode("ascii"), "isBase64Encoded": True}
    # It crosses the network as JSON.
    crossed: dict[str, Any] = json.loads(json.dumps(value))
    return crossed


def reply(answer: Mapping[str, Any]) -> Reply:
    """The reply that a client gets for a handler's answer."""
    answer = json.loads(json.dumps(answer))
    body = answer.get("body") or ""
    return Reply(
        status=answer["statusCode"],
        headers=httpx.Headers(answer.get("headers", {})),
        body=b64decode(body) if answer.get("isBase64Encoded") else body.encode(),
    )


def sqs_event(body: str) -> dict[str, Any]:
    """An event of one message of a queue."""
    return sqs_events([body])


def sqs_events(bodies: Sequence[str]) -> dict[str, Any]:
    """An event of some messages of a queue, ``message-1`` and so on, which were just sent."""
    sent = str(int(clock.moment().timestamp() * 1000))
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": f"handle-{number}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": sent},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:queue",
                "awsRegion": REGION,
            }
            for number, body in enumerate(bodies, start=1)
        ]
    }


def container_path(container: str) -> str:
    """Path of a container."""
    return f"/v1/containers/{quote(container, safe='')}"


def object_path(container: str, name: str) -> str:
    """Path of an object."""
    return f"{container_path(container)}/objects/{quote(name)}"


def stat_path(container: str, name: str) -> str:
    """Path of what an object is."""
    return f"{container_path(container)}/stat/{quote(name)}"
