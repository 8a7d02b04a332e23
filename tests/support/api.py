"""Handlers called as the gateway calls them, their replies checked against the document."""

import json
from importlib import import_module
from typing import Any

from app import MODULES
from tests.support.contract import Contract, Exchange
from tests.support.gateway import Reply, event, reply

_CONTRACT = Contract()


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
    function, made = event(method, target, headers=headers or {}, body=sent)
    assert function != "no_route", f"the document has no {method} {target}"
    finding = {"denied": "token_missing"} if account is None else {"account": account}
    made["requestContext"]["authorizer"] = {"lambda": finding}
    answer = reply(import_module(MODULES[function]).handle(made, None), head=method == "HEAD")
    _CONTRACT.check(Exchange(method, target, answer.status, answer.headers, answer.body))
    return answer
