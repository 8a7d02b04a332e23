"""Tell whether this entry point can work."""

from dataclasses import dataclass

from mcos.catalog import registry
from mcos.settings import release, settings


@dataclass(frozen=True)
class Working:
    """An entry point that works: its cluster, and the release of its functions."""

    cluster: str
    release: str


def health() -> Working:
    """Read the registry strongly consistent, as every call does that writes: one network call.

    Raises
    ------
    What a table raises that cannot be read.
    """
    own = settings().cluster
    registry.read(registry.CLUSTER, own)
    return Working(own, release())
