"""AWS in memory as it once was, put back for every test: to bring it there again takes longer."""

import pickle
from typing import Any

from moto import backends
from moto.core.base_backend import BackendDict

from tests.support.environment import ACCOUNT_ID


def forget_everything() -> None:
    """Let there be nothing: whoever used it before may have left something."""
    BackendDict.reset()


class Snapshot:
    """What some services hold now.

    Parameters
    ----------
    places
        Services and their regions as moto has them. No queues: they cannot be copied.
    """

    def __init__(self, places: dict[str, str]) -> None:
        self._places = places
        # As bytes: what moto knows of as an object, it empties when it is reset.
        self._kept = {name: pickle.dumps(_account(name)[region]) for name, region in places.items()}

    def put_back(self) -> None:
        """Let there be nothing but what was there."""
        forget_everything()
        for service, kept in self._kept.items():
            _account(service)[self._places[service]] = pickle.loads(kept)


def _account(service: str) -> Any:
    return backends.get_backend(service)[ACCOUNT_ID]  # type: ignore[call-overload]
