"""no_route: requests for which the API has no route."""

import re
from functools import lru_cache

from chalicelib.shared.endpoint import endpoint
from chalicelib.shared.http import Request, Response
from chalicelib.shared.problems import MethodNotAllowed, NoSuchPath
from mcos.errors import UnsafePath
from mcos.settings import routes


@endpoint("no_route", needs_token=False)
def handle(request: Request) -> Response:
    for pattern, methods in _routes():
        if pattern.fullmatch(request.path):
            if request.method in methods:
                raise UnsafePath(
                    "The gateway does not find the route of this path. It must be sent in the form "
                    "that begins with /v1/exact, with every name as base64url without padding."
                )
            raise MethodNotAllowed(methods)
    raise NoSuchPath("The API has no such path.")


@lru_cache(maxsize=1)
def _routes() -> list[tuple[re.Pattern[str], list[str]]]:
    """Return the paths of the OpenAPI document, as patterns, and their methods."""
    patterns = []
    for template, methods in routes().items():
        pattern = re.escape(template)
        pattern = pattern.replace(re.escape("{object}"), ".+")
        pattern = re.sub(r"\\{[a-z]+\\}", "[^/]+", pattern)
        patterns.append((re.compile(pattern, re.DOTALL), sorted(methods)))
    return patterns
