"""Sizes as they are written on a command line."""

import re

import typer

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
    if not 5 * 1024**2 <= size <= 5 * 1024**3:
        raise typer.BadParameter("A part has 5 MiB to 5 GiB.")
    return size
