"""Run by ``test_network_calls.py``: makes calls with the real handlers and counts what they send.

The process is what a function of a cluster would be: its environment, on the running emulator.
Each call is made once to warm up and once to count. Prints ``{"call": requests, ...}``.
"""

import json
import os
from base64 import b64encode
from importlib import import_module
from typing import Any

import botocore.httpsession

from app import MODULES
from mcos.model.lifecycle import Outcome
from mcos.model.messages import ExecutionInput
from mcos.versions import execution

CONTENT = b64encode(b"a small content").decode()
CONTAINER = "counted"


class Counter:
    """Counts the requests that botocore sends, whatever the service."""

    def __init__(self) -> None:
        self.sent = 0
        send = botocore.httpsession.URLLib3Session.send

        def counted(session: Any, request: Any) -> Any:
            self.sent += 1
            return send(session, request)

        botocore.httpsession.URLLib3Session.send = counted


def handle(function: str, event: dict[str, Any]) -> Any:
    return import_module(MODULES[function]).handle(event, None)


def request(function: str, method: str, name: str, prefer: str = "wait=20") -> dict[str, Any]:
    event = {
        "rawPath": f"/v1/containers/{CONTAINER}/objects/{name}",
        "rawQueryString": "",
        "headers": {
            "authorization": f"Bearer {os.environ['TOKEN']}",
            "content-type": "application/octet-stream",
            "prefer": prefer,
        },
        "pathParameters": {"container": CONTAINER, "object": name},
        "requestContext": {
            "requestId": "counted",
            "http": {"method": method},
        },
        "body": CONTENT,
        "isBase64Encoded": True,
    }
    reply: dict[str, Any] = handle(function, event)
    if reply["statusCode"] >= 300:
        raise RuntimeError(f"{function}: {reply}")
    return reply


def main() -> dict[str, int]:
    counter = Counter()
    counts = {}
    begun: list[ExecutionInput] = []

    def count(call: str, *arguments: str) -> None:
        before = counter.sent
        request(*arguments)
        counts[call] = counter.sent - before

    request("create_container", "PUT", "")
    request("create_object", "POST", "warm")
    count("create_object sync", "create_object", "POST", "sync")
    count("create_object async", "create_object", "POST", "async", "respond-async")
    for call, function, method in (
        ("stat_object", "stat_object", "GET"),
        ("download_object", "download_object", "GET"),
    ):
        request(function, method, "warm")
        count(call, function, method, "warm")

    def keep(given: ExecutionInput, *, wait_seconds: float = 0) -> execution.ExecutionResult:
        begun.append(given)
        return execution.ExecutionResult(Outcome.COMMITTED, frozenset())

    execution.run = keep
    for name in ("warm-commit", "commit"):
        request("create_object", "POST", name)
        given = begun.pop()
        before = counter.sent
        handle(
            "commit_version",
            {
                "record": given["record"],
                "version_id": given["version_id"],
                "results": [
                    {
                        "cluster": target["cluster"],
                        "incarnation": target["incarnation"],
                        "stored": True,
                    }
                    for target in given["targets"]
                ],
            },
        )
        counts["commit_version"] = counter.sent - before
    return counts


if __name__ == "__main__":
    print(json.dumps(main()))
