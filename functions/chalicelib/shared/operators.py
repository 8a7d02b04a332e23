"""Shared by the operators' functions: they are for admins, and each serves several calls."""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.shared.endpoint import Handler, endpoint
from chalicelib.shared.http import Request, Response
from mcos.admin.guard import require_admin

Key = tuple[str, str | None]
"""Method, and the parameter in the path; None if there is none."""


def operation(call: str) -> Callable[[Callable[[Request], Response]], Handler]:
    """Make an endpoint for admins only; that is checked before anything else."""

    def decorate(answer: Callable[[Request], Response]) -> Handler:
        @endpoint(call, audited=True)
        def handle(request: Request) -> Response:
            require_admin(request.account)
            return answer(request)

        return handle

    return decorate


def by_method(operations: Mapping[str, Handler]) -> Handler:
    """Make a handler for all calls of a resource that differ in their method."""

    def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        return operations[event["requestContext"]["http"]["method"]](event, context)

    return handle


def dispatch(operations: Mapping[Key, Handler]) -> Handler:
    """Make a handler for all calls of a resource.

    The gateway has matched the path, so the method and the path's parameter identify the call.
    """

    def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        parameter = next(iter(event.get("pathParameters") or {}), None)
        return operations[event["requestContext"]["http"]["method"], parameter](event, context)

    return handle
