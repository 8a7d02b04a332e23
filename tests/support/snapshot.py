"""AWS in memory as it was once prepared, put back for every test: to make it anew takes longer."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from moto import backends
from moto.core.base_backend import BackendDict

from tests.support.environment import ACCOUNT_ID

_Places = dict[tuple[str, str], Any]


class Snapshot:
    """What some services hold after a preparation.

    Parameters
    ----------
    prepare
        Makes it all from nothing; called once.
    places
        Services and their regions as moto has them. No queues: they cannot be copied.
    """

    def __init__(self, prepare: Callable[[], None], places: dict[str, str]) -> None:
        self._prepare = prepare
        self._places = places
        self._kept: dict[str, Any] | None = None

    def put_back(self) -> None:
        """Begin anew, with nothing but what was prepared."""
        BackendDict.reset()
        if self._kept is None:
            self._prepare()
            self._kept = {
                service: deepcopy(_account(service)[region])
                for service, region in self._places.items()
            }
            return
        for service, kept in self._kept.items():
            _account(service)[self._places[service]] = deepcopy(kept)


def _account(service: str) -> Any:
    return backends.get_backend(service)[ACCOUNT_ID]  # type: ignore[call-overload]
