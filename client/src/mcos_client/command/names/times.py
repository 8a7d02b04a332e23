"""Times as they are written on a command line."""

import re
from datetime import UTC, datetime, timedelta

import typer

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_AGE = re.compile(r"(\d{1,9})\s*([smhdw])")


def seconds(text: str) -> int:
    """Read how long something takes: ``90s``, ``15m``, ``1h``, ``1d``, ``2w``.

    Raises
    ------
    typer.BadParameter
    """
    matched = _AGE.fullmatch(text.strip().lower())
    if matched is None:
        raise typer.BadParameter(f"{text!r} must be a time like 90s, 15m, 1h, 1d or 2w.")
    return int(matched[1]) * _UNITS[matched[2]]


def moment(text: str | None, now: datetime | None = None) -> datetime | None:
    """Read a time: RFC 3339, a date of this time zone, or how long ago it was (``7d``).

    Parameters
    ----------
    now
        The machine's time if None.

    Raises
    ------
    typer.BadParameter
    """
    if text is None:
        return None
    try:
        if matched := _AGE.fullmatch(text.strip().lower()):
            ago = timedelta(seconds=int(matched[1]) * _UNITS[matched[2]])
            return (now or datetime.now(UTC)) - ago
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise typer.BadParameter(
            f"{text!r} must be a time like 2026-01-31, 2026-01-31T12:00:00Z or 7d (s, m, h, d, w)."
        ) from None
