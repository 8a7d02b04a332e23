"""Events of API Gateway for handlers and their parts."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from chalicelib.shared.http import Request
from mcos.auth.tokens import Claims


def of(account: str) -> dict[str, str]:
    """The header of a token that names an account in plain text."""
    return {"authorization": f"Bearer {account}"}


@contextmanager
def tokens_are_good() -> Iterator[None]:
    """Inside, a token is good, and what it says is the name of its account."""

    def verified(token: str) -> Claims:
        return Claims(token, issued_at=0.0)

    with patch("mcos.auth.caller.verified", verified):
        yield


def event(
    method: str = "GET",
    path: str = "/v1/containers",
    *,
    query: str = "",
    headers: dict[str, str] | None = None,
    parameters: dict[str, str] | None = None,
    body: bytes | str | None = None,
    account: str | None = None,
) -> dict[str, Any]:
    """An event of payload format 2.0; a body of bytes comes as base64, one of text as text.

    Parameters
    ----------
    account
        Whose token it has, as ``tokens_are_good`` takes it.
    """
    made: dict[str, Any] = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {**(headers or {}), **(of(account) if account else {})},
        "requestContext": {"http": {"method": method}, "requestId": "request-1"},
        "isBase64Encoded": False,
    }
    if parameters is not None:
        made["pathParameters"] = parameters
    if isinstance(body, bytes):
        made |= {"body": b64encode(body).decode("ascii"), "isBase64Encoded": True}
    elif body is not None:
        made["body"] = body
    return made


def request(method: str = "GET", path: str = "/v1/containers", **parts: Any) -> Request:
    """The request in such an event."""
    return Request(event(method, path, **parts))
