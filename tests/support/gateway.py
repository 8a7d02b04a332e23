"""What calls the functions from outside, as far as they can tell: API Gateway, and the queues.

The gateway keeps the rules of ``clouds.servers.http_api``, as the one before the emulator does.
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import uuid4

import httpx

from clouds.servers import http_api
from mcos import clock
from tests.support.environment import ACCOUNT_ID, REGION
from tests.support.openapi import document

ADDRESS = "192.0.2.1"
"""Where requests come from, unless a test says otherwise."""


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


def route(method: str, path: str) -> tuple[str, str, dict[str, str]]:
    """The function that answers, the route's key and the parameters of a path as delivered."""
    for one in routes():
        if one.method == method and (found := one.pattern.fullmatch(path)):
            key = f"{method} {one.template.replace('{object}', '{object+}')}"
            return one.function, key, found.groupdict()
    return "no_route", "$default", {}


def event(
    method: str,
    target: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
    address: str = ADDRESS,
) -> tuple[str, dict[str, Any]]:
    """The function that a request is for, and the event of payload format 2.0 that it is given.

    Parameters
    ----------
    target
        Path and query as they went over the wire.

    Raises
    ------
    http_api.Answered
        The gateway refuses the request.
    """
    http_api.check_request(method, target, headers.items(), body)
    path, _, query = target.partition("?")
    delivered = http_api.delivered_path(path)
    function, key, parameters = route(method, delivered)
    told = http_api.request_headers(headers.items())
    value: dict[str, Any] = {
        "version": "2.0",
        "routeKey": key,
        "rawPath": delivered,
        "rawQueryString": query,
        "headers": told,
        "requestContext": {
            "http": {"method": method, "path": delivered, "sourceIp": address},
            "requestId": uuid4().hex,
            "routeKey": key,
        },
        "isBase64Encoded": False,
    }
    if parameters:
        value["pathParameters"] = parameters
    if body:
        if http_api.is_text(told.get("content-type", "")):
            value["body"] = body.decode("utf-8", "replace")
        else:
            value |= {"body": b64encode(body).decode("ascii"), "isBase64Encoded": True}
    # It crosses the network as JSON.
    crossed: dict[str, Any] = json.loads(_carried(value, 413))
    return function, crossed


def reply(answer: Mapping[str, Any], *, head: bool) -> Reply:
    """The reply that a client gets for a handler's answer.

    Raises
    ------
    http_api.Answered
        Lambda does not carry the answer.
    """
    answer = json.loads(_carried(answer, 500))
    given = answer.get("body") or ""
    body = b64decode(given) if answer.get("isBase64Encoded") else given.encode()
    headers = http_api.reply_headers(answer.get("headers", {}).items(), body, head=head)
    return Reply(status=answer["statusCode"], headers=httpx.Headers(headers), body=body)


def own_reply(answered: http_api.Answered) -> Reply:
    """The reply of the gateway itself."""
    headers = httpx.Headers({"content-type": "application/json"})
    return Reply(status=answered.status, headers=headers, body=answered.body)


def _carried(value: Any, status: int) -> str:
    """JSON that Lambda carries."""
    text = json.dumps(value)
    if len(text) > http_api.INVOCATION_BYTES:
        raise http_api.Answered(status)
    return text


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
