"""Handlers called as the gateway calls them, their replies checked against the document."""

import json
import re
from importlib import import_module
from typing import Any

from app import MODULES
from tests.support.contract import Contract, Exchange
from tests.support.gateway import Reply, event, reply
from tests.support.openapi import document

_CONTRACT = Contract()
_PATHS = document()["paths"]


def call(
    method: str,
    target: str,
    body: Any = None,
    *,
    account: str | None = "ada",
    headers: dict[str, str] | None = None,
) -> Reply:
    """Call the function of a path as an account that the authorizer has found.

    Parameters
    ----------
    body
        Bytes as they are, anything else as JSON.
    """
    sent = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    function, parameters = _route(method, target.partition("?")[0])
    made = event(method, target, headers=headers or {}, body=sent, parameters=parameters)
    finding = {"denied": "token_missing"} if account is None else {"account": account}
    made["requestContext"]["authorizer"] = {"lambda": finding}
    answer = reply(import_module(MODULES[function]).handle(made, None))
    _CONTRACT.check(Exchange(method, target, answer.status, answer.headers, answer.body))
    return answer


def _route(method: str, path: str) -> tuple[str, dict[str, str]]:
    for template, item in _PATHS.items():
        pattern = re.escape(template).replace(re.escape("{object}"), "(?P<object>.+)")
        pattern = re.sub(r"\\{([a-z]+)\\}", r"(?P<\1>[^/]+)", pattern)
        operation = item.get(method.lower())
        if operation and (found := re.fullmatch(pattern, path)):
            return operation["x-mcos-function"], found.groupdict()
    raise AssertionError(f"the document has no {method} {path}")
