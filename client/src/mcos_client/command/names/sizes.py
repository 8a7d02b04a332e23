"""Sizes as they are written on a command line."""

import re

import typer

SMALLEST_PART = 5 * 1024**2
LARGEST_PART = 5 * 1024**3
"""Bytes of a part of an upload, as the API takes it."""

_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_SIZE = re.compile(r"(\d+)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE)


def size(text: str | None) -> int | None:
    """Read a size: ``64MiB``, ``64M`` or bytes.

    Raises
    ------
    typer.BadParameter
    """
    if text is None:
        return None
    matched = _SIZE.fullmatch(text.strip())
    if matched is None:
        raise typer.BadParameter(f"{text!r} must be a size like 64MiB.")
    return int(matched[1]) * _UNITS[matched[2].upper()]


def part_size(text: str | None) -> int | None:
    """Read the size of an upload's parts.

    Raises
    ------
    typer.BadParameter
    """
    found = size(text)
    if found is not None and not SMALLEST_PART <= found <= LARGEST_PART:
        raise typer.BadParameter("A part must have between 5 MiB and 5 GiB.")
    return found
