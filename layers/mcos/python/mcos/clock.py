"""Time and the identifiers made of it."""

from datetime import UTC, datetime

from ulid import ULID


def text(moment: datetime) -> str:
    """A moment in UTC as RFC 3339 with milliseconds; texts of it sort by time."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now() -> str:
    """Now, as ``text``."""
    return text(datetime.now(UTC))


def new_id(*, after: str = "") -> str:
    """A new ULID, greater than the ULID ``after`` whatever this machine's clock says."""
    made = str(ULID())
    return made if made > after else next_id(after)


def next_id(one: str) -> str:
    """The ULID that follows one."""
    return str(ULID.from_int(int(ULID.from_str(one)) + 1))
