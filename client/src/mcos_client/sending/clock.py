"""Time, as a client sees it."""

import asyncio
import time


class Clock:
    """A test may hand in another one, in which time passes only when something waits."""

    def now(self) -> float:
        """Get the seconds since some moment; they never go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """Wait, and let other tasks work."""
        await asyncio.sleep(seconds)
