"""Bodies of JSON, read field by field: what is missing, unknown or of another type is refused.

What a value may be beyond its type is for the library to say.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from chalicelib.shared.http import Request
from mcos.errors import InvalidBody

Value = TypeVar("Value")

Reader = Callable[[Any, str], Any]
"""Makes a value of what JSON has; the text names the field in the refusal."""

_LONGEST = 65_536


def fields(
    request: Request,
    required: Mapping[str, Reader] | None = None,
    optional: Mapping[str, Reader] | None = None,
) -> dict[str, Any]:
    """The fields of a body that is a JSON object; of the optional ones those that are there.

    No body is an object without fields, where none is required.

    Raises
    ------
    InvalidBody
    """
    if not required and not request.body():
        return {}
    return record(_object(request), "", required or {}, optional or {})


def record(
    value: Any, where: str, required: Mapping[str, Reader], optional: Mapping[str, Reader]
) -> dict[str, Any]:
    """The fields of a JSON object inside of a body, which is at ``where``."""
    if not isinstance(value, dict):
        raise InvalidBody(f"{where or 'The body'} is a JSON object.")
    prefix = f"{where}." if where else ""
    readers = {**required, **optional}
    for name in required:
        if name not in value:
            raise InvalidBody(f"{prefix}{name} is missing.")
    for name in value:
        if name not in readers:
            raise InvalidBody(f"{prefix}{_shown(name)} is not a field of this call.")
    return {name: readers[name](found, prefix + name) for name, found in value.items()}


def text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise InvalidBody(f"{name} is a text.")
    return value


def number(value: Any, name: str) -> float:
    # JSON's true is an int of Python's.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidBody(f"{name} is a number.")
    return value


def whole(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidBody(f"{name} is a whole number.")
    return value


def flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidBody(f"{name} is true or false.")
    return value


def texts(value: Any, name: str) -> dict[str, str]:
    """Texts by name, for instance labels."""
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise InvalidBody(f"{name} is a JSON object of texts.")
    return value


def listed(read: Callable[[Any, str], Value]) -> Callable[[Any, str], list[Value]]:
    """A reader of a list."""

    def read_list(value: Any, name: str) -> list[Value]:
        if not isinstance(value, list):
            raise InvalidBody(f"{name} is a list.")
        return [read(one, f"{name}[{number}]") for number, one in enumerate(value)]

    return read_list


def one_of(kind: Callable[[str], Value], *values: str) -> Callable[[Any, str], Value]:
    """A reader of one of a few texts, which ``kind`` makes a value of."""

    def read_one(value: Any, name: str) -> Value:
        if not isinstance(value, str) or value not in values:
            raise InvalidBody(f"{name} is one of {', '.join(values)}.")
        return kind(value)

    return read_one


def or_null(read: Callable[[Any, str], Value]) -> Callable[[Any, str], Value | None]:
    """A reader of a value or null."""
    return lambda value, name: None if value is None else read(value, name)


def _object(request: Request) -> Any:
    body = request.body()
    if len(body) > _LONGEST:
        raise InvalidBody(f"The body has {len(body)} bytes; {_LONGEST} are allowed.")
    try:
        return json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise InvalidBody("The body is not JSON.") from None


def _no_number(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _shown(name: str) -> str:
    """A field's name for a refusal: whatever it holds, short and on one line."""
    return repr(name[:64])
