"""Events of API Gateway for handlers and their parts."""

from base64 import b64encode
from typing import Any

from chalicelib.shared.http import Request


def event(
    method: str = "GET",
    path: str = "/v1/containers",
    *,
    query: str = "",
    headers: dict[str, str] | None = None,
    parameters: dict[str, str] | None = None,
    body: bytes | str | None = None,
    finding: dict[str, str] | None = None,
) -> dict[str, Any]:
    """An event of payload format 2.0; a body of bytes comes as base64, one of text as text."""
    made: dict[str, Any] = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers or {},
        "requestContext": {"http": {"method": method}, "requestId": "request-1"},
        "isBase64Encoded": False,
    }
    if finding is not None:
        made["requestContext"]["authorizer"] = {"lambda": finding}
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
