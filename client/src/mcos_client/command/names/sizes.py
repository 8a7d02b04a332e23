"""Sizes as they are written on a command line."""

import re

import typer

SMALLEST_PART = 5 * 1024**2
LARGEST_PART = 5 * 1024**3
"""Bytes of a part of an upload, as the API takes it."""

_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_RATE = re.compile(r"off|(\d+(?:\.\d*)?|\.\d+)(?:(B)|([KMGT])(?:i?B?)?)?", re.IGNORECASE)
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


def bandwidth(text: str) -> tuple[int | None, int | None]:
    """Read how many bytes a second may be sent, and received; None: any number.

    It is as for rclone: ``10M`` both ways, ``10M:512k``, ``off``; without a unit KiB.

    Raises
    ------
    typer.BadParameter
    """
    up, _, down = text.partition(":")
    return _rate(text, up), _rate(text, down or up)


def _rate(text: str, one: str) -> int | None:
    matched = _RATE.fullmatch(one.strip())
    if matched is None:
        raise typer.BadParameter(
            f"{text!r} must be a rate like 10M, two like 10M:512k (sent, received), or off."
        )
    if matched[1] is None:
        return None
    unit = 1 if matched[2] else _UNITS[(matched[3] or "K").upper()]
    rate = float(matched[1]) * unit
    return max(1, int(rate)) if rate else None


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
