"""Time that tests hand in."""

from collections.abc import Callable

from mcos_client import Clock


class ClientClock(Clock):
    """Time that passes only when somebody sleeps.

    Attributes
    ----------
    pauses
        How long the client slept, each time.
    meanwhile
        What happens when time passes.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.pauses: list[float] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def now(self) -> float:
        return self.seconds

    def go_on(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds
        self.meanwhile()

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.go_on(seconds)

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)
