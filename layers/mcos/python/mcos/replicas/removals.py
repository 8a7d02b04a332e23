"""Whether copies may be removed from this cluster's backend now.

What users ask for has no bound. What the system itself decides has one: so many removals an hour
and cluster (``MCOS_REMOVALS_PER_HOUR``), so that a fault that takes good copies for superfluous
ones does not empty a backend before anybody sees it.
"""

from mcos import clock
from mcos.catalog import budget
from mcos.catalog.registry import all_clusters
from mcos.settings import removals_per_hour, settings

_AT_ONCE = 100
"""So many are taken from the hour's budget at a time, for the removals of this process."""

_taken: dict[str, int] = {}
"""How many of those are left, by hour."""


def forget() -> None:
    """Give up what this process has taken from the budget and not used."""
    _taken.clear()


def removals_are_held() -> str | None:
    """Return why nothing may be removed, whoever asked for it; None: it may."""
    own = all_clusters().get(settings().cluster)
    if own is None:
        return None
    return "an operator holds all removals" if own.removals_held else own.health.removals_held


def brake() -> str | None:
    """Count a removal that nobody has asked for; why it must wait, None if it need not."""
    hour, most = clock.now()[:13], removals_per_hour()
    if not _taken.get(hour):
        _taken.clear()
        _taken[hour] = budget.take(settings().cluster, hour, min(_AT_ONCE, most), at_most=most)
    if not _taken[hour]:
        return f"more than {most} removals in an hour that nobody has asked for"
    _taken[hour] -= 1
    return None
