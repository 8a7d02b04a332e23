"""What the operators' functions have in common: they are for admins, and serve several calls."""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.shared.endpoint import Handler, endpoint
from chalicelib.shared.http import Request, Response
from mcos.admin.guard import require_admin

Key = tuple[str, str | None]
"""Method, and the parameter in the path, if there is one."""


def operation(call: str) -> Callable[[Callable[[Request], Response]], Handler]:
    """An endpoint that answers admins alone; nothing is looked at before that is known."""

    def decorate(answer: Callable[[Request], Response]) -> Handler:
        @endpoint(call)
        def handle(request: Request) -> Response:
            require_admin(request.account)
            return answer(request)

        return handle

    return decorate


def dispatch(operations: Mapping[Key, Handler]) -> Handler:
    """A handler for all calls of a resource: the gateway has chosen the path, so the parameter
    in it says with the method which one is meant."""

    def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        parameter = next(iter(event.get("pathParameters") or {}), None)
        return operations[event["requestContext"]["http"]["method"], parameter](event, context)

    return handle
