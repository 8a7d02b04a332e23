"""The only place that looks at the machine's clock."""

import asyncio
import time
from datetime import UTC, datetime


class Clock:
    """Time, as the gateway sees it; a test may hand in another one."""

    def now(self) -> datetime:
        """Return the time of day, in UTC."""
        return datetime.now(UTC)

    def elapsed(self) -> float:
        """Return the seconds since some moment; they never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait, and let other requests be answered."""
        await asyncio.sleep(seconds)
