"""Time, as a client sees it."""

import asyncio
import time


class Clock:
    """Hand in another one, and time passes only when somebody waits."""

    def now(self) -> float:
        """Seconds since some moment; never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """Wait, and let others work."""
        await asyncio.sleep(seconds)
