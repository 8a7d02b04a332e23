"""Which requests go wrong, and how: by a script, or by a seed."""

from collections.abc import Iterable, Mapping
from random import Random
from typing import Protocol

from tests.support.faults.proxy.fault import Fault, What


class Schedule(Protocol):
    """Asked for each request, of HTTP, or for each connection, of anything else."""

    def next(self) -> Fault | None:
        """What goes wrong with the next one."""
        ...


class Script:
    """The first goes wrong like this, the second like that; then all is well."""

    def __init__(self, faults: Iterable[Fault | None] = ()) -> None:
        self._faults = iter(faults)

    def next(self) -> Fault | None:
        return next(self._faults, None)


class Seeded:
    """Faults at random, the same ones for the same seed and name.

    Parameters
    ----------
    rates
        How likely each kind is, by its name or kind; the rest goes well.
    name
        Of the listener: two listeners with one seed have different faults.
    """

    def __init__(self, seed: int, name: str, rates: Mapping[What, float]) -> None:
        if What.REFUSE in rates:
            raise ValueError("a single connection cannot be refused: use RESET, or switch to it")
        if sum(rates.values()) > 1:
            raise ValueError("the rates are more than one in all")
        self._random = Random(f"{seed}/{name}")
        self._rates = dict(rates)

    def next(self) -> Fault | None:
        drawn, after_bytes = self._random.random(), self._random.randrange(2048)
        for what, rate in self._rates.items():
            drawn -= rate
            if drawn < 0:
                return Fault(what, after_bytes=after_bytes)
        return None
