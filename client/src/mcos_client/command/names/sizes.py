"""Sizes as they are written on a command line."""

import re

import typer

SMALLEST_PART = 5 * 1024**2
LARGEST_PART = 5 * 1024**3
"""Bytes of a part of an upload, as the API takes it."""

_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}
_SIZE = re.compile(r"(\d+)\s*([KMG]?)(?:i?B)?", re.IGNORECASE)


def part_size(text: str | None) -> int | None:
    """``64MiB``, ``64M`` or bytes, as an upload's part may have them.

    Raises
    ------
    typer.BadParameter
    """
    if text is None:
        return None
    matched = _SIZE.fullmatch(text.strip())
    if matched is None:
        raise typer.BadParameter(f"{text!r} is no size: write 64MiB.")
    size = int(matched[1]) * _UNITS[matched[2].upper()]
    if not SMALLEST_PART <= size <= LARGEST_PART:
        raise typer.BadParameter("A part has 5 MiB to 5 GiB.")
    return size
