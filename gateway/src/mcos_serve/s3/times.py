"""Times, as S3 writes them."""

from datetime import UTC, datetime
from email.utils import format_datetime


def iso(moment: datetime) -> str:
    """Return a time as documents have it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def http(moment: datetime) -> str:
    """Return a time as headers have it."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)
