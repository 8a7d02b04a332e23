"""The size of DynamoDB's items, in bytes, as it is billed.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from base64 import b64decode
from collections.abc import Mapping
from math import ceil
from typing import Any

Item = Mapping[str, Any]
"""In DynamoDB's JSON: ``{"name": {"S": "value"}}``."""


def size(item: Item | None) -> int:
    """The bytes of an item's names and values; 0 if there is none."""
    return sum(len(name.encode()) + _size(value) for name, value in (item or {}).items())


def write_units(*items: Item | None) -> int:
    """Units of a write that has these items before and after it."""
    return max(1, ceil(max(map(size, items)) / 1024))


def read_units(*items: Item | None, strong: bool) -> float:
    """Units of one read that looks at these items."""
    units = max(1, ceil(sum(map(size, items)) / 4096))
    return units if strong else units / 2


def _size(value: Mapping[str, Any]) -> int:
    ((kind, held),) = value.items()
    match kind:
        case "S":
            return len(held.encode())
        case "N":
            # Two digits in a byte, and one byte more.
            return ceil(len(held.strip("-").replace(".", "").strip("0")) / 2) + 1
        case "B":
            return len(held if isinstance(held, bytes) else b64decode(held))
        case "BOOL" | "NULL":
            return 1
        case "L":
            return 3 + sum(1 + _size(one) for one in held)
        case "M":
            return 3 + sum(len(name.encode()) + 1 + _size(one) for name, one in held.items())
    raise ValueError(f"no size is known of the type {kind}")
