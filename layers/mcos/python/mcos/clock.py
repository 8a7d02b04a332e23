"""Time and the identifiers made of it."""

from datetime import UTC, datetime

from ulid import ULID


def text(moment: datetime) -> str:
    """A moment in UTC as RFC 3339 with milliseconds; texts of it sort by time."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now() -> str:
    """Now, as ``text``."""
    return text(datetime.now(UTC))


def new_id() -> str:
    """A new ULID."""
    return str(ULID())
