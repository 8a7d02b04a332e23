"""How far tests look: so far in `make test`, farther in `make long`."""

import os

EXPLORING = os.environ.get("HYPOTHESIS_PROFILE") == "explore"
"""Whether new examples are looked at, as `make long` does."""

_FARTHER = 10


def examples(few: int) -> int:
    """How many examples of something to look at: ``few``, or ten times as many."""
    return few * _FARTHER if EXPLORING else few
