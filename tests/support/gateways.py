"""What gateways make of a path on its way to a function; ``docs/aws.md`` says which does what."""

import re
from collections.abc import Callable, Mapping
from posixpath import normpath
from urllib.parse import unquote

from clouds.servers import http_api
from tests.support.gateway import route

Gateway = Callable[[str], str | None]
"""From a path as it was sent to what a function is told; None: the gateway refuses it."""


def http_api_of_aws(path: str) -> str | None:
    """Decodes twice, and cuts at a question mark in between."""
    try:
        return http_api.delivered_path(path)
    except http_api.Answered:
        return None


def decoding_all_but_percent(path: str) -> str | None:
    """As the emulator reports of AWS."""
    return "%25".join(unquote(part, errors="replace") for part in path.split("%25"))


def decoding_once(path: str) -> str | None:
    """As AWS's documentation says of parameters."""
    return unquote(path, errors="replace")


def decoding_nothing(path: str) -> str | None:
    """As REST APIs and function URLs do."""
    return path


def folding(path: str) -> str | None:
    """As clients and proxies normalise paths: ``//``, ``.``, ``..`` and a slash at the end go."""
    return normpath(re.sub("/+", "/", unquote(path, errors="replace")))


def cutting_parameters(path: str) -> str | None:
    """As servers that know parameters of path segments, and fragments."""
    once = unquote(path, errors="replace").partition("#")[0]
    return re.sub(";[^/]*", "", once)


def reading_plus_as_space(path: str) -> str | None:
    """As forms are decoded."""
    return unquote(path.replace("+", " "), errors="replace")


GATEWAYS: tuple[Gateway, ...] = (
    http_api_of_aws,
    decoding_all_but_percent,
    decoding_once,
    decoding_nothing,
    folding,
    cutting_parameters,
    reading_plus_as_space,
)


def event_through(gateway: Gateway, method: str, path: str) -> Mapping[str, object] | None:
    """What a function is told of a request; None: no function with names in its path is called."""
    delivered = gateway(path)
    if delivered is None:
        return None
    _, key, parameters = route(method, delivered)
    return {"routeKey": key, "rawPath": delivered, "pathParameters": parameters}
