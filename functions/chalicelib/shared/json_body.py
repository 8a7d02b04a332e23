"""JSON bodies, read field by field: missing and unknown fields and wrong types are refused.

The library checks everything beyond the types.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from chalicelib.shared.http import Request
from mcos.errors import InvalidBody

Value = TypeVar("Value")

Reader = Callable[[Any, str], Any]
"""Converts a JSON value; the text is the field's name for error messages."""

_LONGEST = 65_536


def fields(
    request: Request,
    required: Mapping[str, Reader] | None = None,
    optional: Mapping[str, Reader] | None = None,
    *,
    longest: int = _LONGEST,
) -> dict[str, Any]:
    """Return the fields of a body, which must be a JSON object; absent optional ones are left out.

    If no field is required, there may be no body.

    Parameters
    ----------
    longest
        Bytes of the body at most.

    Raises
    ------
    InvalidBody
    """
    if not required and not request.body():
        return {}
    return record(_object(request, longest), "", required or {}, optional or {})


def record(
    value: Any, where: str, required: Mapping[str, Reader], optional: Mapping[str, Reader]
) -> dict[str, Any]:
    """Return the fields of a JSON object inside a body.

    Parameters
    ----------
    where
        Path of the object in the body, for error messages; empty: the body itself.

    Raises
    ------
    InvalidBody
    """
    if not isinstance(value, dict):
        raise InvalidBody(f"{where or 'The body'} must be a JSON object.")
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
    """Read a text."""
    if not isinstance(value, str):
        raise InvalidBody(f"{name} must be a text.")
    return value


def number(value: Any, name: str) -> float:
    """Read a number."""
    # bool is a subclass of int.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidBody(f"{name} must be a number.")
    return value


def whole(value: Any, name: str) -> int:
    """Read a whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidBody(f"{name} must be a whole number.")
    return value


def flag(value: Any, name: str) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise InvalidBody(f"{name} must be true or false.")
    return value


def texts(value: Any, name: str) -> dict[str, str]:
    """Read an object of texts, for instance labels."""
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise InvalidBody(f"{name} must be a JSON object of texts.")
    return value


def listed(read: Callable[[Any, str], Value]) -> Callable[[Any, str], list[Value]]:
    """Return a reader of a list whose entries ``read`` reads."""

    def read_list(value: Any, name: str) -> list[Value]:
        if not isinstance(value, list):
            raise InvalidBody(f"{name} must be a list.")
        return [read(one, f"{name}[{number}]") for number, one in enumerate(value)]

    return read_list


def one_of(kind: Callable[[str], Value], *values: str) -> Callable[[Any, str], Value]:
    """Return a reader of one of these texts, which ``kind`` converts."""

    def read_one(value: Any, name: str) -> Value:
        if not isinstance(value, str) or value not in values:
            raise InvalidBody(f"{name} must be one of {', '.join(values)}.")
        return kind(value)

    return read_one


def or_null(read: Callable[[Any, str], Value]) -> Callable[[Any, str], Value | None]:
    """Return a reader of a value or null."""
    return lambda value, name: None if value is None else read(value, name)


def _object(request: Request, longest: int) -> Any:
    body = request.body()
    if len(body) > longest:
        raise InvalidBody(f"The body must have at most {longest} bytes; it has {len(body)}.")
    try:
        return json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise InvalidBody("The body must be JSON.") from None


def _no_number(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _shown(name: str) -> str:
    """Return a field's name for an error message, shortened and on one line."""
    return repr(name[:64])
