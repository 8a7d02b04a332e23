"""The clusters of an instance: how many, and what the resolver is told of each.

A cluster has the name of its storage service. An instance has the first three clusters of
:data:`PLACEMENTS`, or all five. It can grow and not shrink: replicas are on what it has.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from clouds.errors import CloudsError
from clouds.files import write_whole
from clouds.instance import Instance


@dataclass(frozen=True)
class Placement:
    """What storage policies look at when they place replicas."""

    provider: str
    location: str
    labels: Mapping[str, str]


_FAST = {"speed": "fast", "cost": "high"}
_CHEAP = {"speed": "standard", "cost": "low"}

# The second Swift is of the provider of the first: distinct providers come first in a placement,
# and only two clusters of one provider can show it.
PLACEMENTS = {
    "s3": Placement("local-s3", "hanoi", _FAST),
    "swift": Placement("local-swift", "hanoi", _CHEAP),
    "ceph": Placement("local-ceph", "paris", _CHEAP),
    "swift-2": Placement("local-swift", "paris", _CHEAP),
    "s3-2": Placement("local-s3-2", "tokyo", _FAST),
}
NAMES = tuple(PLACEMENTS)
COUNTS = (3, 5)
"""How many clusters an instance can have; the first is the default."""

_RECORD = "clusters"


def count_of(instance: Instance) -> int:
    """How many clusters ``instance`` has. One that was made before there was a choice has three."""
    record = instance.folder / _RECORD
    return int(record.read_text()) if record.exists() else COUNTS[0]


def names_of(instance: Instance) -> tuple[str, ...]:
    """The clusters of ``instance``."""
    return NAMES[: count_of(instance)]


def settle(instance: Instance, count: int | None) -> None:
    """Give ``instance`` the ``count`` clusters asked for; None leaves it as it is.

    Call it under the instance's lock. Raises :class:`CloudsError` when it has more than ``count``.
    """
    has = count_of(instance)
    count = count or has
    if count < has:
        raise CloudsError(
            f"{instance.name} has {has} clusters; with {count}, the data of "
            f"{' and '.join(NAMES[count:has])} would be left behind; "
            f"`clean --instance {instance.name}` starts afresh"
        )
    write_whole(instance.folder / _RECORD, f"{count}\n")


def require(instance: Instance, name: str) -> None:
    """Raise :class:`CloudsError` when ``name`` is not among the clusters of ``instance``."""
    if name not in names_of(instance):
        raise CloudsError(
            f"{instance.name} has {count_of(instance)} clusters and no {name}; "
            f"`start --instance {instance.name} --clusters {COUNTS[-1]}` adds it"
        )
