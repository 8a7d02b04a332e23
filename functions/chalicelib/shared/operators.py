"""Shared by the operators' functions: they are for admins, and each serves several calls."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from chalicelib.shared.endpoint import Handler, endpoint
from chalicelib.shared.http import Request, Response
from chalicelib.shared.json_body import fields, text
from mcos import limits
from mcos.admin.guard import require_admin
from mcos.errors import McosError

_OF_AN_OBJECT = {"account": text, "container": text, "object": text}

Key = tuple[str, str | None]
"""Method, and the parameter in the path; None if there is none."""


def operation(call: str) -> Callable[[Callable[[Request], Response]], Handler]:
    """Make an endpoint for admins only; that is checked before anything else.

    Who has done what to whom is for the log, also of calls that were refused.
    """

    def decorate(answer: Callable[[Request], Response]) -> Handler:
        @endpoint(call, audited=True, target=target)
        def handle(request: Request) -> Response:
            require_admin(request.account)
            return answer(request)

        return handle

    return decorate


def target(request: Request) -> dict[str, str]:
    """Return the names in the path of an operator's call, and those of the object in its body.

    What is no name is returned as it came, and no more of any than an object's may have.
    """
    found: dict[str, str] = {}
    for parameter, given in (request.event.get("pathParameters") or {}).items():
        try:
            found[parameter] = request.name(parameter)
        except McosError:
            found[parameter] = str(given)
    with suppress(McosError):
        found |= fields(request, optional=_OF_AN_OBJECT)
    return {name: value[: limits.OBJECT_NAME_BYTES] for name, value in found.items()}


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
