"""What a worker raises if a message must stay in the queue that feeds it."""


class TryLater(Exception):
    """The message cannot be processed now.

    Attributes
    ----------
    seconds
        When it is to be delivered again; None: later with each try.
    longest
        Seconds until then at most, if it is later with each try; None: a minute.
    """

    def __init__(
        self, reason: str, *, seconds: int | None = None, longest: int | None = None
    ) -> None:
        super().__init__(reason)
        self.seconds = seconds
        self.longest = longest


class RemovalHeld(TryLater):
    """A copy may not be removed now: see ``mcos.replicas.removals``."""
