"""Handlers called as the gateway calls them, their replies checked against the document."""

import json
from importlib import import_module
from typing import Any

from app import MODULES
from tests.support.contract import Contract, Exchange
from tests.support.events import of, tokens_are_good
from tests.support.gateway import Reply, event, reply

WITHOUT_TOKENS = {"download_shared", "health", "no_route"}
"""Functions that verify no token."""

_CONTRACT = Contract()


def call(
    method: str,
    target: str,
    body: Any = None,
    *,
    account: str | None = "ada",
    headers: dict[str, str] | None = None,
) -> Reply:
    """Call the function of a path as an account whose token is good; None: without a token.

    Parameters
    ----------
    body
        Bytes as they are, anything else as JSON.
    """
    sent = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    given = dict(headers or {}) | ({} if account is None else of(account))
    function, made = event(method, target, headers=given, body=sent)
    assert function != "no_route", f"the document has no {method} {target}"
    with tokens_are_good():
        answer = reply(import_module(MODULES[function]).handle(made, None), head=method == "HEAD")
    _CONTRACT.check(Exchange(method, target, answer.status, answer.headers, answer.body))
    return answer
