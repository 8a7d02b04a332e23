"""The only place that looks at the machine's clock."""

import time
from datetime import UTC, datetime


def moment() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def sleep(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)
