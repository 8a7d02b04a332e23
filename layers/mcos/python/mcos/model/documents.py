"""Documents of the catalog as values, between releases that know different fields.

While a deployment is upgraded, functions of two releases read and write the same documents. So a
reader ignores fields that it does not know, a missing field gets its default, and whoever reads a
document, changes it and writes it back keeps what it does not know.

A dataclass takes part by a field ``unknown``, a mapping that is empty by default:

>>> @dataclass(frozen=True)
... class Point:
...     x: int
...     y: int = 0
...     unknown: Mapping[str, Any] = field(default_factory=dict)
>>> point = Point(**arguments(Point, {"x": 1, "colour": "red"}))
>>> document_of(replace(point, x=2))
{'colour': 'red', 'x': 2, 'y': 0}
>>> brief_document_of(replace(point, x=2))
{'colour': 'red', 'x': 2}
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from enum import StrEnum
from typing import Any, TypeVar

UNKNOWN = "unknown"

Member = TypeVar("Member", bound=StrEnum)


def arguments(cls: type, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that make a dataclass from a document.

    Fields that the dataclass does not know are in ``unknown``; nothing is converted.
    """
    names = _names(cls)
    known = {name: value for name, value in document.items() if name in names}
    rest = {name: value for name, value in document.items() if name not in names}
    return {**known, UNKNOWN: rest}


def document_of(one: Any) -> dict[str, Any]:
    """Return the fields of a dataclass as a document, and those that it did not know.

    Values are not converted: a dataclass in a field must have been replaced by its own document.
    """
    return {**one.unknown, **{name: getattr(one, name) for name in _names(type(one))}}


def brief_document_of(one: Any) -> dict[str, Any]:
    """Return a document without the fields that have their default, which a reader gives them.

    A default that has been written so must never change.
    """
    defaults = _defaults(type(one))
    return {
        name: value
        for name, value in document_of(one).items()
        if name not in defaults or value != defaults[name]
    }


def member(kind: type[Member], value: str) -> Member | str:
    """Return the member of an enumeration with that value; one of a newer release stays a text.

    A ``StrEnum`` is a text too, so both are written alike, and the text equals no member.
    """
    try:
        return kind(value)
    except ValueError:
        return value


def _defaults(cls: type) -> dict[str, Any]:
    found = {}
    for one in fields(cls):
        if one.default is not MISSING:
            found[one.name] = one.default
        elif one.default_factory is not MISSING:
            found[one.name] = one.default_factory()
    return found


def _names(cls: type) -> list[str]:
    return [one.name for one in fields(cls) if one.name != UNKNOWN]
