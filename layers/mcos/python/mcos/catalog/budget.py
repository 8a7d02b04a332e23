"""How many removals that nobody has asked for each cluster has made in the current hour."""

from pynamodb.exceptions import DoesNotExist, PutError

from mcos.catalog.tables import RegistryItem, is_condition_failure

REMOVALS = "removals"
"""The kind of these items in the registry; readers of the registry do not mind them."""

_TRIES = 12


def take(cluster: str, hour: str, wanted: int, *, at_most: int) -> int:
    """Take some removals from a cluster's budget for an hour: two network calls.

    Parameters
    ----------
    hour
        The beginning of its RFC 3339 times, as ``2026-11-22T10``.

    Returns
    -------
    How many, at most ``wanted``; 0 if the budget is spent, or others kept taking from it.
    """
    for _ in range(_TRIES):
        try:
            before = RegistryItem.get(REMOVALS, cluster, consistent_read=True).document
        except DoesNotExist:
            before = None
        spent = before["count"] if before and before["hour"] == hour else 0
        taken = min(wanted, at_most - spent)
        if taken <= 0:
            return 0
        unchanged = (
            RegistryItem.name.does_not_exist()
            if before is None
            else RegistryItem.document == before
        )
        item = RegistryItem(REMOVALS, cluster, document={"hour": hour, "count": spent + taken})
        try:
            item.save(unchanged)
        except PutError as error:
            if not is_condition_failure(error):
                raise
        else:
            return taken
    return 0
